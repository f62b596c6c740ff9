/**
 * An embedded broker in virtual time, and clients of it whose requests may be lost: what tests of
 * everything above a transport need. Waiting costs no time, and equal seeds are equal runs.
 */
import type { Clock } from '../core/clock.ts'
import { FatalError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import { seededRandom } from '../core/random.ts'
import { EmbeddedBroker } from '../kafka/broker/embedded-broker.ts'
import type { BrokerSettings } from '../kafka/broker/settings.ts'
import { ClusterClient } from '../kafka/client/cluster-client.ts'
import { inProcessTransport } from '../kafka/transports/in-process.ts'
import { LossyTransport } from './lossy-transport.ts'
import { VirtualTime } from './simulation/virtual-time.ts'

export interface VirtualClusterOptions {
  readonly seed?: number
  readonly brokers?: number
  readonly settings?: Partial<BrokerSettings>
  readonly requestTimeoutMs?: number
}

/** A client, and the transport that it goes through. */
export interface VirtualClient {
  readonly client: ClusterClient
  readonly transport: LossyTransport
}

/** 2026-01-01. */
const START = 1_767_225_600_000
const LIMIT_MS = 600_000

export class VirtualCluster {
  readonly time: VirtualTime = new VirtualTime(START)
  readonly clock: Clock
  readonly broker: EmbeddedBroker
  readonly #random: Random
  readonly #requestTimeoutMs: number

  constructor(options: VirtualClusterOptions = {}) {
    this.clock = this.time.clock()
    this.#random = seededRandom(options.seed ?? 1)
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 5000
    this.broker = new EmbeddedBroker({
      clock: this.clock,
      random: this.#random,
      brokers: options.brokers,
      settings: options.settings,
    })
  }

  connect(): VirtualClient {
    const transport = new LossyTransport(inProcessTransport(this.broker))
    const client = new ClusterClient({
      transport,
      clock: this.clock,
      random: this.#random,
      logger: silentLogger,
      clientId: 'virtual',
      requestTimeoutMs: this.#requestTimeoutMs,
    })
    return { client, transport }
  }

  /** Lets time pass until the work is done; throws when it would take longer than the limit. */
  async run<T>(work: Promise<T>, limitMs: number = LIMIT_MS): Promise<T> {
    let isDone = false
    const done = (): void => {
      isDone = true
    }
    work.then(done, done)
    const outcome = await this.time.run(this.time.now + limitMs, () => isDone)
    if (outcome === 'done') return work
    throw new FatalError(
      'INTERNAL',
      `the work was not done in ${limitMs} ms of virtual time: ${outcome}`,
    )
  }

  /** Lets that much time pass. */
  async pass(forMs: number): Promise<void> {
    await this.run(this.clock.sleep(forMs))
  }
}
