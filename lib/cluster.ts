/** The ways to a cluster. Besides `streams.ts` the only file that names transports. */
import { milliseconds } from './core/duration.ts'
import { ConfigError, messageOf } from './core/errors.ts'
import type { TcpDoor } from './kafka/broker/doors/tcp-door.ts'
import { listen } from './kafka/broker/doors/tcp-door.ts'
import { EmbeddedBroker } from './kafka/broker/embedded-broker.ts'
import type { ClusterContext, ConnectionOptions } from './kafka/cluster.ts'
import { Cluster } from './kafka/cluster.ts'
import { prepareCompression } from './kafka/protocol/compression.ts'
import type { Transport } from './kafka/transport.ts'
import { inProcessTransport } from './kafka/transports/in-process.ts'
import { kafkajsTransport } from './kafka/transports/kafkajs.ts'
import { parseAddress, tcpTransport } from './kafka/transports/tcp.ts'

const CLIENT_ID = 'millrace'
const LOOPBACK = '127.0.0.1'
const CONNECTION_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']

export type TcpOptions = ConnectionOptions & { readonly brokers: readonly string[] }

class TcpCluster extends Cluster {
  protected readonly transport = 'tcp'
  readonly ephemeral = false
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly #options: TcpOptions
  readonly #connectionTimeoutMs: number

  constructor(options: TcpOptions) {
    super()
    this.#options = options
    this.clientId = options.clientId ?? CLIENT_ID
    const { requestTimeout = REQUEST_TIMEOUT_MS, connectionTimeout = CONNECTION_TIMEOUT_MS } =
      options
    this.requestTimeoutMs = milliseconds(requestTimeout, 'requestTimeout')
    this.#connectionTimeoutMs = milliseconds(connectionTimeout, 'connectionTimeout')
    if (options.brokers.length === 0)
      throw new ConfigError('INVALID_OPTION', 'brokers is empty: name at least one HOST:PORT')
    for (const broker of options.brokers) parseAddress(broker)
    const mechanism = options.sasl?.mechanism
    if (mechanism !== undefined && !MECHANISMS.includes(mechanism))
      throw new ConfigError(
        'INVALID_OPTION',
        `sasl.mechanism '${mechanism}' is not spoken here (${MECHANISMS.join(', ')}): for AWS IAM and your own use cluster: kafkajs(client)`,
      )
  }

  async open(context: ClusterContext): Promise<Transport> {
    const { brokers, ssl, sasl } = this.#options
    const { clientId } = this
    const connectionTimeoutMs = this.#connectionTimeoutMs
    return tcpTransport({ ...context, brokers, ssl, sasl, clientId, connectionTimeoutMs })
  }
}

/** Sockets of our own. */
export function tcp(options: TcpOptions): Cluster {
  return new TcpCluster(options)
}

/** What is needed of a kafkajs client, without importing its types. */
export interface KafkaJsClient {
  consumer(options: { groupId: string }): unknown
  producer(): unknown
  admin(): unknown
}

class KafkaJsCluster extends Cluster {
  protected readonly transport = 'kafkajs'
  readonly ephemeral = false
  readonly clientId = CLIENT_ID
  readonly requestTimeoutMs = REQUEST_TIMEOUT_MS
  readonly #client: KafkaJsClient

  constructor(client: KafkaJsClient) {
    super()
    this.#client = client
  }

  async open(context: ClusterContext): Promise<Transport> {
    return kafkajsTransport(this.#client, context)
  }
}

/** Borrows the connections of a client that you configured (AWS IAM, proxies). */
export function kafkajs(client: KafkaJsClient): Cluster {
  return new KafkaJsCluster(client)
}

export interface EmbeddedOptions {
  /** Opens it to other clients on the loopback; 0: any free port. Closed unless said. */
  readonly port?: number
  /** Keeps its logs there. In memory unless said. */
  readonly dir?: string
}

class EmbeddedCluster extends Cluster {
  protected readonly transport = 'embedded'
  readonly clientId = CLIENT_ID
  readonly requestTimeoutMs = REQUEST_TIMEOUT_MS
  readonly ephemeral: boolean
  readonly #options: EmbeddedOptions

  constructor(options: EmbeddedOptions) {
    super()
    this.#options = options
    this.ephemeral = options.dir === undefined
  }

  /** The broker starts here and ends when the transport is closed. */
  async open({ clock, random }: ClusterContext): Promise<Transport> {
    await prepareCompression()
    const { port, dir } = this.#options
    const broker = new EmbeddedBroker({ clock, random, dir })
    const door = port === undefined ? undefined : await this.#listen(broker, random, port)
    const transport = inProcessTransport(broker, this.clientId)
    return {
      bootstrap: transport.bootstrap,
      connect: (address) => transport.connect(address),
      close: async () => {
        await transport.close()
        await door?.close()
        broker.close()
      },
    }
  }

  async #listen(
    broker: EmbeddedBroker,
    random: ClusterContext['random'],
    port: number,
  ): Promise<TcpDoor> {
    try {
      return await listen({ broker, random, host: LOOPBACK, port })
    } catch (cause) {
      broker.close()
      throw notListening(port, cause)
    }
  }
}

function notListening(port: number, cause: unknown): ConfigError {
  return new ConfigError(
    'INVALID_OPTION',
    `embedded({ port: ${port} }) cannot listen there (${messageOf(cause)}): choose another, or 0 for a free one`,
    { cause },
  )
}

/**
 * The broker inside this process, for as long as its `Streams`. `startBroker` of `millrace/broker`
 * has the rest: host, SASL, TLS, a life of its own.
 */
export function embedded(options: EmbeddedOptions = {}): Cluster {
  return new EmbeddedCluster(options)
}
