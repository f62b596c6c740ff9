/** The ways to a cluster. Besides `streams.ts` the only file that names transports. */
import { milliseconds } from './core/duration.ts'
import { ConfigError } from './core/errors.ts'
import type { ClusterContext, ConnectionOptions } from './kafka/cluster.ts'
import { Cluster } from './kafka/cluster.ts'
import type { Transport } from './kafka/transport.ts'
import { kafkajsTransport } from './kafka/transports/kafkajs.ts'
import { parseAddress, tcpTransport } from './kafka/transports/tcp.ts'

const CLIENT_ID = 'millrace'
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
