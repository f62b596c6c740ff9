import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { EmbeddedBroker } from '../kafka/broker/embedded-broker.ts'
import { Admin } from '../kafka/client/admin.ts'
import { ClusterClient } from '../kafka/client/cluster-client.ts'
import { Fetcher } from '../kafka/client/fetcher.ts'
import { IdempotentProducer } from '../kafka/client/idempotent-producer.ts'
import { partitionKey } from '../kafka/client/topic-partition.ts'
import type { Connection, NodeAddress, Transport } from '../kafka/transport.ts'
import { inProcessTransport } from '../kafka/transports/in-process.ts'
import { MemoryDisk } from '../state/memory.ts'
import { ProcessClock, VirtualTime } from '../testing/simulation/virtual-time.ts'
import { subTopologies } from '../topology/sub-topologies.ts'
import { programOf, type Topology } from '../topology/topology.ts'
import { App } from './app.ts'
import { CRASH_POINTS, type CrashPoint } from './crash-point.ts'
import { fingerprintOf } from './fingerprint.ts'
import { MetricsRegistry } from './metrics-registry.ts'
import type { RuntimeOptions } from './options.ts'
import { settingsOf } from './settings.ts'
import { NO_SIGNALS } from './signals.ts'

const START = 1_700_000_000_000

interface Instance {
  readonly app: App
  readonly metrics: MetricsRegistry
  /** kill -9: its timers never fire again and its sockets are gone. */
  kill(): void
  pause(forMs: number): void
}

interface InstanceOptions extends Partial<RuntimeOptions> {
  readonly disk?: MemoryDisk
  readonly at?: (point: CrashPoint, instance: () => Instance) => void | Promise<void>
}

class World {
  readonly time = new VirtualTime(START)
  readonly clock = this.time.clock()
  readonly broker: EmbeddedBroker
  readonly admin: Admin
  readonly log: string[] = []
  readonly #client: ClusterClient
  readonly #instances: Instance[] = []
  #seed = 1

  constructor(settings = {}) {
    this.broker = new EmbeddedBroker({
      clock: this.clock,
      random: seededRandom(7),
      settings: settings as never,
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
    await this.until(this.clock.sleep(ms))
  }

  /** Passes time until it holds. */
  async when(holds: () => boolean | Promise<boolean>, what = 'condition'): Promise<void> {
    for (let tries = 0; tries < 400; tries++) {
      if (await holds()) return
      await this.pass(50)
    }
    throw new Error(`never: ${what}\n${this.log.slice(-40).join('\n')}`)
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
    }
    this.#instances.push(made)
    return made
  }

  async start(topology: Topology, options: InstanceOptions = {}): Promise<Instance> {
    const instance = this.instance(topology, options)
    await this.until(instance.app.start())
    return instance
  }

  say(line: string): void {
    this.log.push(line)
    if (process.env.TRACE !== undefined) process.stderr.write(`${line}\n`)
  }

  end(): void {
    for (const instance of this.#instances) instance.kill()
  }
}

/** Requests of a killed process are never sent, and answers never arrive. */
class CutTransport implements Transport {
  readonly #inner: Transport
  #dead = false

  constructor(inner: Transport) {
    this.#inner = inner
  }

  get bootstrap() {
    return this.#inner.bootstrap
  }

  async connect(address: NodeAddress): Promise<Connection> {
    const connection = await this.#inner.connect(address)
    const never = new Promise<never>(() => undefined)
    const dead = (): boolean => this.#dead
    return {
      versions: connection.versions,
      get open() {
        return connection.open
      },
      send: (frame) =>
        dead()
          ? never
          : connection.send(frame).then(
              (answer) => (dead() ? never : answer),
              (error: unknown) => (dead() ? never : Promise.reject(error)),
            ),
      close: () => connection.close(),
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  cut(): void {
    this.#dead = true
    void this.#inner.close()
  }
}

let world: World
afterEach(() => world.end())

function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: serdes.string, value: serdes.string })
    .flatMapValues((line) => line.split(' '), { value: serdes.string })
    .groupBy((word) => word, { key: serdes.string })
    .count({ store: 'counts' })
    .toStream()
    .to('counted')
  return builder.build()
}

/** Every count of every word must be there exactly once, in order. */
function countsOf(
  records: readonly { key: string; value: Buffer | null }[],
): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const { key, value } of records)
    counts.set(key, [...(counts.get(key) ?? []), Number(value?.readBigInt64BE(0))])
  return counts
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1)


const lines = (n: number, from = 0): { key: string; value: string; partition: number }[] =>
  Array.from({ length: n }, (_, at) => ({
    key: `k${at}`,
    value: `w${(from + at) % 5} w${(from + at) % 3}`,
    partition: at % 2,
  }))

/** What the counts of these lines must be, each once and in order. */
function expected(records: readonly { value: string }[]): Record<string, number[]> {
  const totals = new Map<string, number>()
  for (const { value } of records)
    for (const word of value.split(' ')) totals.set(word, (totals.get(word) ?? 0) + 1)
  return Object.fromEntries([...totals].sort().map(([word, total]) => [word, upTo(total)]))
}

async function counts(): Promise<Record<string, number[]>> {
  return Object.fromEntries([...countsOf(await world.read('counted'))].sort())
}

const total = (record: Record<string, number[]>): number =>
  Object.values(record).reduce((sum, list) => sum + list.length, 0)

async function counted(records: readonly { value: string }[]): Promise<void> {
  const wanted = expected(records)
  await world.when(async () => total(await counts()) >= total(wanted), 'every count')
  await world.pass(2000)
  expect(await counts()).toEqual(wanted)
}

const quick = {
  sessionTimeout: '3s',
  rebalanceTimeout: '5s',
  transactionTimeout: '4s',
} as const

describe('an instance on the embedded broker', () => {
  test('counts words exactly once over a repartition topic', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const { app } = await world.start(wordCount())
    await counted(lines(20))
    expect(await world.until(app.stop())).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect(app.state).toBe('stopped')
  })

  test('goes on where it stopped, with its state', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const disk = new MemoryDisk()
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount(), { disk })
    await counted(lines(20))
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 20))
    let restored = 0
    const second = world.instance(wordCount(), { disk })
    second.app.on('restored', (_store, rows) => {
      restored += rows
    })
    await world.until(second.app.start())
    await counted([...lines(20), ...lines(20, 20)])
    expect(restored).toBe(0)
  })

  test('takes its state from the changelog when the disk is gone', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount())
    await counted(lines(20))
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 20))
    let restored = 0
    const second = world.instance(wordCount())
    second.app.on('restored', (_store, rows) => {
      restored += rows
    })
    await world.until(second.app.start())
    await counted([...lines(20), ...lines(20, 20)])
    expect(restored).toBeGreaterThan(0)
  })

  test.each(['at-least-once', 'at-most-once'] as const)(
    'loses and doubles nothing %s when nothing goes wrong',
    async (guarantee) => {
      world = new World()
      await world.topics({ lines: 2, counted: 2 })
      await world.produce('lines', lines(20))
      const first = await world.start(wordCount(), { guarantee })
      await counted(lines(20))
      await world.until(first.app.stop())
      await world.produce('lines', lines(20, 20))
      await world.start(wordCount(), { guarantee })
      await counted([...lines(20), ...lines(20, 20)])
    },
  )
})

describe('two instances', () => {
  test('share the tasks, and one takes over when the other stops', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount(), quick)
    const second = await world.start(wordCount(), quick)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    expect(second.app.status().tasks).toHaveLength(2)
    await world.produce('lines', lines(20, 20))
    await counted([...lines(20), ...lines(20, 20)])
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 40))
    await counted([...lines(20), ...lines(20, 20), ...lines(20, 40)])
    expect(second.app.status().tasks).toHaveLength(4)
  })

  test('lose and double nothing when one is killed', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const first = await world.start(wordCount(), quick)
    await world.start(wordCount(), quick)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    await world.produce('lines', lines(40))
    await world.pass(37)
    first.kill()
    await world.produce('lines', lines(20, 40))
    await counted([...lines(40), ...lines(20, 40)])
  })

  test('lose and double nothing when one is paused beyond its session and wakes', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const first = await world.start(wordCount(), quick)
    await world.start(wordCount(), quick)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    await world.produce('lines', lines(40))
    await world.pass(37)
    first.pause(15_000)
    await world.produce('lines', lines(20, 40))
    await world.pass(20_000)
    await counted([...lines(40), ...lines(20, 40)])
    await world.when(() => first.app.state === 'running', 'back in the group')
  })
})

describe('a kill', () => {
  test.each(CRASH_POINTS)('at %s loses and doubles nothing', async (point) => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const disk = new MemoryDisk()
    let passes = 0
    const at: InstanceOptions['at'] = (passed, instance) => {
      if (passed !== point || ++passes < (point === 'purged' ? 1 : 3)) return undefined
      instance().kill()
      return new Promise(() => undefined)
    }
    const first = world.instance(wordCount(), { ...quick, disk, at, flush: { every: 50 } })
    void first.app.start()
    for (let round = 0; round < 4; round++) {
      await world.produce('lines', lines(10, round * 10))
      await world.pass(11_000)
    }
    expect(passes).toBeGreaterThan(0)
    await world.start(wordCount(), { ...quick, disk })
    await counted([0, 10, 20, 30].flatMap((from) => lines(10, from)))
  })
})
