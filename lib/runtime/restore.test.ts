import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import { Admin } from '../kafka/client/admin.ts'
import type { ClusterClient } from '../kafka/client/cluster-client.ts'
import { Fetcher } from '../kafka/client/fetcher.ts'
import { IdempotentProducer } from '../kafka/client/idempotent-producer.ts'
import { fetch } from '../kafka/protocol/apis.ts'
import { openState } from '../state/fixture.ts'
import type { KeyValueRows } from '../state/key-value-store.ts'
import { MemoryDisk } from '../state/memory.ts'
import { stores } from '../state/stores.ts'
import type { TaskState } from '../state/task-state.ts'
import { type VirtualClient, VirtualCluster } from '../testing/virtual-cluster.ts'
import { type ActiveTask, activeTask } from './active-task.ts'
import { MetricsRegistry } from './metrics-registry.ts'
import { Restorer } from './restore.ts'

const CHANGELOG = 'app-rows-changelog'
const MINUTE = 60_000
/** A pause of more than five minutes is too long. */
const RETENTION = 10 * MINUTE

const rows = stores.keyValue('rows', { key: serdes.string, value: serdes.string }).spec

/** One life of a restorer: its connections, one row a fetch, and a task that lacks everything. */
class Life {
  readonly state: TaskState
  readonly metrics: MetricsRegistry = new MetricsRegistry()
  readonly #cluster: VirtualCluster
  readonly #connected: VirtualClient
  readonly #restorer: Restorer
  readonly #active: ActiveTask

  static async begin(cluster: VirtualCluster, disk: MemoryDisk): Promise<Life> {
    const bytes = await disk.start(seededRandom(1)).open('in_0')
    const life = new Life(cluster, await openState(bytes, [rows], { clock: cluster.clock }))
    await cluster.run(life.#restorer.begin([life.#active]))
    return life
  }

  private constructor(cluster: VirtualCluster, state: TaskState) {
    this.#cluster = cluster
    this.state = state
    this.#connected = cluster.connect()
    this.#restorer = new Restorer({
      fetcher: new Fetcher({
        ...common(cluster, this.#connected.client),
        lane: 'restore',
        isolation: 'read_committed',
        maxBytes: 1,
        partitionMaxBytes: 1,
        maxWaitMs: 10,
        minBytes: 1,
      }),
      admin: new Admin(common(cluster, this.#connected.client)),
      clock: cluster.clock,
      logger: silentLogger,
      metrics: this.metrics,
      onRestored: () => undefined,
    })
    const log = { store: 'rows', topic: CHANGELOG, cut: false, deleteRetentionMs: RETENTION }
    this.#active = activeTask({
      id: 'in_0',
      ref: { rank: 0, partition: 0 },
      plan: {
        subTopology: { id: 'in', sources: [], nodes: [], stores: [rows], copartitions: [] },
        sources: new Map(),
        internalSources: new Set(),
        tasks: 1,
      },
      topics: ['in'],
      changelogs: [log],
      topicIds: new Map(),
    })
    this.#active.state = state
  }

  get rebuilt(): number {
    return this.metrics.get('millrace_store_rebuilt_total', { store: 'rows' })
  }

  get done(): boolean {
    return this.#restorer.complete([this.#active]).length > 0
  }

  get progress(): ActiveTask['restore'] {
    return this.#active.restore
  }

  row(key: string): string | undefined {
    return (this.state.store('rows') as KeyValueRows<string, string>).get(key)?.value
  }

  /** The leader of the changelog answers no more, or again. */
  stall(): void {
    this.#connected.transport.lose(fetch, 'request lost', Number.POSITIVE_INFINITY)
  }

  resume(): void {
    this.#connected.transport.heal()
  }

  async stepUntil(holds: () => boolean): Promise<void> {
    for (let turn = 0; turn < 1000 && !holds(); turn++) {
      await this.#cluster.run(this.#restorer.wait(100))
      await this.#cluster.run(this.#restorer.step(Number.POSITIVE_INFINITY))
    }
    expect(holds()).toBe(true)
  }
}

function common(cluster: VirtualCluster, client: ClusterClient) {
  return { client, clock: cluster.clock, logger: silentLogger }
}

describe('a replay', () => {
  let cluster: VirtualCluster
  let producer: IdempotentProducer
  let disk: MemoryDisk

  async function log(key: string, value: string | null): Promise<void> {
    const written = value === null ? null : Buffer.from(value)
    producer.send(CHANGELOG, 0, Buffer.from(key), written, cluster.clock.now())
    await cluster.run(producer.flush())
  }

  /** The cleaner of the broker looks at a partition that is used. */
  async function passAndClean(ms: number): Promise<void> {
    await cluster.pass(ms)
    await log('clock', `${ms}`)
  }

  /** Has `a`, of which the tombstone is not read yet. */
  async function half(): Promise<Life> {
    const life = await Life.begin(cluster, disk)
    await life.stepUntil(() => (life.state.changelogOffset('rows')?.offset ?? 0) > 0)
    life.stall()
    return life
  }

  beforeEach(async () => {
    cluster = new VirtualCluster()
    disk = new MemoryDisk()
    const { client } = cluster.connect()
    const configs = {
      'cleanup.policy': 'compact',
      'delete.retention.ms': `${RETENTION}`,
      'min.compaction.lag.ms': `${MINUTE}`,
      'min.cleanable.dirty.ratio': '0',
      'segment.bytes': '1000',
    }
    const topic = { name: CHANGELOG, partitions: 1, replicationFactor: 1, configs }
    await cluster.run(new Admin(common(cluster, client)).createTopics([topic]))
    producer = new IdempotentProducer(common(cluster, client))
    await log('a', 'deleted')
    for (const key of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) await log(key, 'kept')
    await log('a', null)
    // The segment that is written to is never cleaned.
    for (const key of ['j', 'k', 'l']) await log(key, 'x'.repeat(500))
  })

  test('that stalled for too long begins again, for a tombstone may be gone', async () => {
    const life = await half()
    await passAndClean(2 * MINUTE)
    await passAndClean(RETENTION)
    life.resume()
    await life.stepUntil(() => life.done)
    expect([life.row('a'), life.row('b')]).toEqual([undefined, 'kept'])
    expect(life.rebuilt).toBe(1)
    expect(life.progress).toEqual({ done: 14, total: 14 })
  })

  test('that stopped with its process for too long begins again', async () => {
    const first = await half()
    await first.state.close(true)
    await passAndClean(2 * MINUTE)
    await passAndClean(RETENTION)
    const second = await Life.begin(cluster, disk)
    await second.stepUntil(() => second.done)
    expect([second.row('a'), second.row('b')]).toEqual([undefined, 'kept'])
    expect(second.rebuilt).toBe(1)
  })

  test('that was slow, pause after pause, begins again too', async () => {
    const life = await half()
    await passAndClean(2 * MINUTE)
    for (let pause = 1; pause < 5; pause++) {
      await passAndClean(4 * MINUTE)
      life.resume()
      const before = life.progress?.done ?? 0
      await life.stepUntil(() => life.done || (life.progress?.done ?? 0) !== before)
      life.stall()
    }
    life.resume()
    await life.stepUntil(() => life.done)
    expect([life.row('a'), life.row('b')]).toEqual([undefined, 'kept'])
  })

  test('that stalled for a while goes on where it was', async () => {
    const life = await half()
    await cluster.pass(RETENTION / 2 - MINUTE)
    life.resume()
    await life.stepUntil(() => life.done)
    expect([life.row('a'), life.row('b')]).toEqual([undefined, 'kept'])
    expect(life.rebuilt).toBe(0)
  })
})
