/**
 * `millrace/broker`: the embedded broker as a thing that one starts, for quick starts, tests and
 * demos, never for production. Any Kafka client reaches it by TCP; `cluster()` is the door without
 * sockets. `embedded({ port, dir })` is the short form, started and stopped with its `Streams`.
 */
import { systemClock } from './core/clock.ts'
import { ConfigError, messageOf } from './core/errors.ts'
import { systemRandom } from './core/random.ts'
import type { TcpDoor } from './kafka/broker/doors/tcp-door.ts'
import { listen } from './kafka/broker/doors/tcp-door.ts'
import { EmbeddedBroker } from './kafka/broker/embedded-broker.ts'
import { Cluster } from './kafka/cluster.ts'
import type { Transport } from './kafka/transport.ts'
import { inProcessTransport } from './kafka/transports/in-process.ts'

const HOST = '127.0.0.1'
const CLIENT_ID = 'millrace'
const REQUEST_TIMEOUT_MS = 30_000

/** Passwords by user name. */
export type BrokerUsers = Readonly<Record<string, string>>

/** Whom a token was made out to, and in milliseconds since the epoch until when; never unless said. */
export interface BrokerPrincipal {
  readonly name: string
  readonly expiresAt?: number
}

/** Who may connect, by mechanism, in the words of `SaslOptions`; one that is not named is refused. */
export interface BrokerSaslOptions {
  readonly plain?: BrokerUsers
  readonly 'scram-sha-256'?: BrokerUsers
  readonly 'scram-sha-512'?: BrokerUsers
  /** Validates a token; what it throws refuses the client. */
  readonly oauthbearer?: (token: string) => BrokerPrincipal | Promise<BrokerPrincipal>
}

/** PEM texts. */
export interface BrokerTlsOptions {
  readonly key: string
  readonly cert: string
  /** Clients must show a certificate that this authority signed. None. */
  readonly ca?: string
}

export interface BrokerOptions {
  /** The address that it listens on and tells to clients. `'127.0.0.1'`. */
  readonly host?: string
  /** 0: any free one. */
  readonly port?: number
  /**
   * Keeps logs and cluster id there. In memory unless said, under a new cluster id: state kept from
   * an earlier run is foreign to it, so clients by TCP then need a fresh `stateDir`.
   */
  readonly dir?: string
  /** Anyone may connect unless said; the in-process door asks nobody. */
  readonly sasl?: BrokerSaslOptions
  /** Plain text unless said. */
  readonly tls?: BrokerTlsOptions
}

/** One that runs. */
export class Broker implements AsyncDisposable {
  /** `'127.0.0.1:9092'`, with the port that it got. */
  readonly address: string
  /** The same as a list, for `brokers` of `Streams` and of kafkajs. */
  readonly brokers: readonly string[]
  readonly #broker: EmbeddedBroker
  readonly #door: TcpDoor
  readonly #ephemeral: boolean

  /** @internal Made by {@link startBroker}. */
  constructor(broker: EmbeddedBroker, door: TcpDoor, ephemeral: boolean) {
    const { host, port } = door.address
    this.address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    this.brokers = [this.address]
    this.#broker = broker
    this.#door = door
    this.#ephemeral = ephemeral
  }

  /** The door without sockets, for `cluster` of `Streams`. */
  cluster(): Cluster {
    return new InProcessCluster(this.#broker, this.#ephemeral)
  }

  /** Closes its connections and its files; resolves also when it had stopped before. */
  async stop(): Promise<void> {
    await this.#door.close()
    this.#broker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

class InProcessCluster extends Cluster {
  protected readonly transport = 'embedded'
  readonly ephemeral: boolean
  readonly requestTimeoutMs = REQUEST_TIMEOUT_MS
  readonly clientId = CLIENT_ID
  readonly #broker: EmbeddedBroker

  constructor(broker: EmbeddedBroker, ephemeral: boolean) {
    super()
    this.#broker = broker
    this.ephemeral = ephemeral
  }

  async open(): Promise<Transport> {
    return inProcessTransport(this.#broker, this.clientId)
  }
}

/** Resolves when clients can connect; a port in use or an unreadable `dir` is a ConfigError. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { host = HOST, port = 0, dir, sasl, tls } = options
  const broker = new EmbeddedBroker({ clock: systemClock, random: systemRandom, dir })
  try {
    const door = await listen({ broker, random: systemRandom, host, port, sasl, tls })
    return new Broker(broker, door, dir === undefined)
  } catch (cause) {
    broker.close()
    throw unable(`${host}:${port}`, cause)
  }
}

function unable(address: string, cause: unknown): ConfigError {
  return new ConfigError(
    'INVALID_OPTION',
    `the broker cannot listen on ${address}: ${messageOf(cause)}; choose another port, or 0 for a free one`,
    { cause },
  )
}
