/**
 * A small world for tests of the runtime: the embedded broker, instances that can be killed, paused
 * and cut off, all in one virtual time. What the simulation does at random, tests do here by hand.
 */
import type { Clock } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { EmbeddedBroker } from '../kafka/broker/embedded-broker.ts'
import type { BrokerSettings } from '../kafka/broker/settings.ts'
import { Admin } from '../kafka/client/admin.ts'
import { ClusterClient } from '../kafka/client/cluster-client.ts'
import type { ClusterMetadata } from '../kafka/client/cluster-metadata.ts'
import { Fetcher } from '../kafka/client/fetcher.ts'
import { IdempotentProducer } from '../kafka/client/idempotent-producer.ts'
import { partitionKey } from '../kafka/client/topic-partition.ts'
import type { RequestFrame } from '../kafka/transport.ts'
import { inProcessTransport } from '../kafka/transports/in-process.ts'
import { App } from '../runtime/app.ts'
import type { CrashPoint } from '../runtime/crash-point.ts'
import { fingerprintOf } from '../runtime/fingerprint.ts'
import { MetricsRegistry } from '../runtime/metrics-registry.ts'
import type { RuntimeOptions } from '../runtime/options.ts'
import { settingsOf } from '../runtime/settings.ts'
import { NO_SIGNALS } from '../runtime/signals.ts'
import { MemoryDisk } from '../state/memory.ts'
import { subTopologies } from '../topology/sub-topologies.ts'
import { programOf, type Topology } from '../topology/topology.ts'
import { CutTransport, type Fate } from './cut-transport.ts'
import { ProcessClock, VirtualTime } from './simulation/virtual-time.ts'

export const START = 1_700_000_000_000

/** Timeouts of an instance, so short that a test can wait for them. */
export const QUICK = {
  sessionTimeout: '3s',
  rebalanceTimeout: '5s',
  transactionTimeout: '4s',
} as const

/** An application as a process of its own. */
export interface Instance {
  readonly app: App
  readonly metrics: MetricsRegistry
  /** kill -9: its timers never fire again and its sockets are gone. */
  kill(): void
  pause(forMs: number): void
  /** Decides about each request of the process from now on. */
  fate(decide: (frame: RequestFrame) => Fate): void
}

export interface InstanceOptions extends Partial<RuntimeOptions> {
  readonly disk?: MemoryDisk
  readonly at?: (point: CrashPoint, instance: () => Instance) => void | Promise<void>
}

/** A broker, a clock for all, and whoever produces and reads. */
export class World {
  readonly time: VirtualTime = new VirtualTime(START)
  readonly clock: Clock = this.time.clock()
  readonly broker: EmbeddedBroker
  readonly admin: Admin
  readonly log: string[] = []
  readonly #client: ClusterClient
  readonly #instances: Instance[] = []
  #seed = 1

  /** `seed`: of the broker's own randomness, such as how late markers are. */
  constructor(settings: Partial<BrokerSettings> = {}, seed = 7) {
    this.broker = new EmbeddedBroker({
      clock: this.clock,
      random: seededRandom(seed),
      settings,
    })
    this.#client = new ClusterClient({
      transport: inProcessTransport(this.broker),
      clock: this.clock,
      random: seededRandom(8),
      logger: silentLogger,
      clientId: 'test',
      requestTimeoutMs: 30_000,
    })
    const shared = { client: this.#client, clock: this.clock, logger: silentLogger }
    this.admin = new Admin(shared)
  }

  /** Runs virtual time until the promise is settled. */
  async until<T>(work: Promise<T>, limitMs = 60_000): Promise<T> {
    let settled = false
    const watched = work.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    const end = await this.time.run(this.time.now + limitMs, () => settled)
    if (!settled)
      throw new Error(`${end} after ${limitMs} virtual ms\n${this.log.slice(-30).join('\n')}`)
    return watched
  }

  async pass(ms: number): Promise<void> {
    await this.until(this.clock.sleep(ms), ms + 1)
  }

  /** Passes time until it holds. */
  async when(holds: () => boolean | Promise<boolean>, what = 'condition'): Promise<void> {
    for (let tries = 0; tries < 400; tries++) {
      if (await holds()) return
      await this.pass(50)
    }
    throw new Error(`never: ${what}\n${this.log.slice(-40).join('\n')}`)
  }

  metadata(): Promise<ClusterMetadata> {
    return this.#client.metadata()
  }

  async topics(topics: Readonly<Record<string, number>>): Promise<void> {
    const created = Object.entries(topics).map(([name, partitions]) => ({
      name,
      partitions,
      replicationFactor: 1,
    }))
    await this.until(this.admin.createTopics(created))
  }

  async produce(
    topic: string,
    records: readonly { key?: string; value: string; timestamp?: number; partition?: number }[],
  ): Promise<void> {
    const producer = new IdempotentProducer({
      client: this.#client,
      clock: this.clock,
      logger: silentLogger,
    })
    for (const { key, value, timestamp = START, partition = 0 } of records)
      producer.send(
        topic,
        partition,
        key === undefined ? null : Buffer.from(key),
        Buffer.from(value),
        timestamp,
      )
    await this.until(producer.flush())
    await this.until(producer.close())
  }

  /** Committed records of a topic up to its end. */
  async read(topic: string): Promise<{ key: string; value: Buffer | null; partition: number }[]> {
    const metadata = await this.until(this.#client.metadata([topic]))
    const partitions =
      metadata.topics.get(topic)?.partitions.map(({ partition }) => ({ topic, partition })) ?? []
    const ends = await this.until(this.admin.listOffsets(partitions, 'latest'))
    const fetcher = new Fetcher({
      client: this.#client,
      clock: this.clock,
      logger: silentLogger,
      lane: 'fetch',
      isolation: 'read_committed',
      maxBytes: 1e7,
      partitionMaxBytes: 1e6,
      maxWaitMs: 10,
      minBytes: 1,
    })
    fetcher.assign(partitions.map((of) => ({ ...of, offset: 0 })))
    const found: { key: string; value: Buffer | null; partition: number }[] = []
    const done = (): boolean =>
      partitions.every(
        (of) =>
          (fetcher.state(of)?.position ?? 0) >=
          (ends.get(partitionKey(of.topic, of.partition))?.offset ?? 0),
      )
    while (!done()) {
      await this.until(fetcher.wait(100))
      for (const { view, firstIndex, partition } of fetcher.poll())
        for (let at = firstIndex; at < view.count; at++) {
          const value = view.value(at)
          found.push({
            key: view.key(at)?.toString() ?? '',
            value: value === null ? null : Buffer.from(value),
            partition,
          })
        }
    }
    await this.until(fetcher.close())
    return found
  }

  /** The values of a topic, as text; none where it does not exist. */
  async values(topic = 'out'): Promise<string[]> {
    if (!(await this.until(this.metadata())).topics.has(topic)) return []
    return (await this.read(topic)).map(({ value }) => value?.toString() ?? '')
  }

  /** Passes time until a topic has so many committed records. */
  found(count: number, topic = 'out'): Promise<void> {
    const enough = async (): Promise<boolean> => (await this.values(topic)).length >= count
    return this.when(enough, `${count} records in ${topic}`)
  }

  /** How many lines of the log hold the text. */
  said(text: string): number {
    return this.log.filter((line) => line.includes(text)).length
  }

  instance(topology: Topology, options: InstanceOptions = {}): Instance {
    const { disk = new MemoryDisk(), at, ...rest } = options
    const clock = new ProcessClock(this.time, 0)
    const settings = settingsOf({ applicationId: 'app', ...rest })
    const program = programOf(topology)
    const parts = subTopologies(program)
    const random = seededRandom(++this.#seed)
    const metrics = new MetricsRegistry()
    const transport = new CutTransport(inProcessTransport(this.broker))
    const name = `i${++this.#seed}`
    const say = (level: string) => (fields: object, message: string) =>
      void this.log.push(
        `${this.time.now - START} ${name} ${level} ${message} ${JSON.stringify(fields)}`,
      )
    const app = new App({
      settings,
      program,
      subTopologies: parts,
      fingerprint: fingerprintOf(parts),
      clock,
      random,
      logger: { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') },
      metrics,
      clientId: name,
      requestTimeoutMs: 30_000,
      hooks: { at: (point) => at?.(point, () => made) },
      signals: NO_SIGNALS,
      open: async () => ({ transport, directory: disk.start(random) }),
      close: async () => undefined,
    })
    const made: Instance = {
      app,
      metrics,
      kill: () => {
        clock.kill()
        transport.cut()
      },
      pause: (forMs) => clock.pause(forMs),
      fate: (decide) => {
        transport.fate = decide
      },
    }
    this.#instances.push(made)
    return made
  }

  async start(topology: Topology, options: InstanceOptions = {}): Promise<Instance> {
    const instance = this.instance(topology, options)
    await this.until(instance.app.start())
    return instance
  }

  /** A line of the log, told with a failure. */
  say(line: string): void {
    this.log.push(line)
  }

  end(): void {
    for (const instance of this.#instances) instance.kill()
  }
}
