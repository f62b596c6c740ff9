import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../core/logger.ts'
import { VirtualCluster } from '../../testing/virtual-cluster.ts'
import { fetch } from '../protocol/apis.ts'
import { Admin } from './admin.ts'
import type { FetchedBatch } from './fetcher.ts'
import { Fetcher } from './fetcher.ts'
import type { GroupFence } from './group-fence.ts'
import { GroupSession } from './group-session.ts'
import { IdempotentProducer } from './idempotent-producer.ts'
import { TransactionalProducer } from './transactional-producer.ts'

const IN = { topic: 'in', partition: 0 }

let cluster = new VirtualCluster()
let one = cluster.connect()
const parts = () => ({ client: one.client, clock: cluster.clock, logger: silentLogger })
const admin = () => new Admin(parts())

afterEach(() => {
  cluster.broker.close()
  cluster = new VirtualCluster()
  one = cluster.connect()
})

async function makeTopic(configs: Record<string, string> = {}, partitions = 1): Promise<void> {
  const topic = { name: 'in', partitions, replicationFactor: 1, configs }
  await cluster.run(admin().createTopics([topic]))
}

function reader(
  options: {
    readonly isolation?: 'read_uncommitted'
    maxBytes?: number
    partitionMaxBytes?: number
    maxWaitMs?: number
  } = {},
): Fetcher {
  return new Fetcher({
    ...parts(),
    lane: 'fetch',
    isolation: 'read_committed',
    maxBytes: 1 << 20,
    partitionMaxBytes: 1 << 20,
    maxWaitMs: 100,
    minBytes: 1,
    ...options,
  })
}

async function write(values: readonly string[], partition = 0): Promise<void> {
  const producer = new IdempotentProducer(parts())
  for (const value of values) {
    producer.send('in', partition, null, Buffer.from(value), cluster.clock.now())
    await cluster.run(producer.flush())
  }
}

function valuesOf(batches: readonly FetchedBatch[]): string[] {
  return batches.flatMap(({ view, firstIndex }) =>
    Array.from({ length: view.count - firstIndex }, (_, at) => `${view.value(firstIndex + at)}`),
  )
}

async function fencedGroup(): Promise<GroupFence> {
  const session = new GroupSession({
    ...parts(),
    groupId: 'g',
    sessionTimeoutMs: 600_000,
    rebalanceTimeoutMs: 10_000,
    subscription: () => Buffer.alloc(10),
    assign: async () => new Map(),
    onRebalance: () => undefined,
    onLost: () => undefined,
  })
  return (await cluster.run(session.join())).fence
}

async function claimed(transactionalId: string): Promise<TransactionalProducer> {
  const transactionTimeoutMs = 60_000
  const producer = new TransactionalProducer({ ...parts(), transactionalId, transactionTimeoutMs })
  await cluster.run(producer.claim())
  return producer
}

async function put(producer: TransactionalProducer, value: string): Promise<void> {
  producer.send('in', 0, null, Buffer.from(value), cluster.clock.now())
  await cluster.run(producer.flush())
}

async function commit(producer: TransactionalProducer, fence: GroupFence): Promise<void> {
  await cluster.run(producer.sendOffsets(fence, [{ ...IN, offset: 0, metadata: '' }]))
  await cluster.run(producer.end('commit'))
}

describe('a fetcher of committed records', () => {
  test('hands out what was committed of interleaved transactions, and passes all markers', async () => {
    await makeTopic()
    const fence = await fencedGroup()
    const [a, b] = [await claimed('a'), await claimed('b')]
    await put(a, 'a1 aborted')
    await put(b, 'b1')
    await write(['plain'])
    await put(a, 'a2 aborted')
    await cluster.run(a.end('abort'))
    await put(a, 'a3')
    await put(b, 'b2')
    await commit(b, fence)
    await put(b, 'b3 aborted')
    await commit(a, fence)
    await cluster.run(b.end('abort'))
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(500)
    expect(valuesOf(fetcher.poll())).toEqual(['b1', 'plain', 'a3', 'b2'])
    const state = fetcher.state(IN)
    expect(state?.position).toBe(state?.highWatermark)
    expect(state?.empty).toBe(true)
  })

  test('hands out nothing of an open transaction, nor what is behind it, until it is decided', async () => {
    await makeTopic()
    const fence = await fencedGroup()
    const producer = await claimed('a')
    await put(producer, 'open')
    await write(['behind'])
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(1000)
    expect(fetcher.poll()).toEqual([])
    expect(fetcher.state(IN)).toMatchObject({ position: 0, lastStableOffset: 0, highWatermark: 2 })
    await commit(producer, fence)
    await cluster.pass(200)
    expect(valuesOf(fetcher.poll())).toEqual(['open', 'behind'])
  })

  test('does not spin above the last stable offset, where the broker answers at once', async () => {
    await makeTopic()
    const producer = await claimed('a')
    await put(producer, 'open')
    await write(['behind'])
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 2 }])
    await cluster.pass(200)
    const before = one.transport.count(fetch)
    await cluster.pass(5000)
    expect(one.transport.count(fetch) - before).toBeLessThanOrEqual(51)
  })

  test('drops an answer that was asked for before a rewind', async () => {
    await makeTopic()
    await write(['0', '1', '2', '3'])
    const fetcher = reader()
    const release = one.transport.hold(fetch)
    fetcher.assign([{ ...IN, offset: 2 }])
    await cluster.pass(50)
    fetcher.assign([{ ...IN, offset: 1 }])
    release()
    await cluster.pass(500)
    expect(valuesOf(fetcher.poll())).toEqual(['1', '2', '3'])
    expect(fetcher.state(IN)?.position).toBe(4)
  })

  test('drops an answer for a partition that was taken away and given back elsewhere', async () => {
    await makeTopic()
    await write(['0', '1', '2', '3'])
    const fetcher = reader()
    const release = one.transport.hold(fetch)
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(50)
    fetcher.assign([])
    fetcher.assign([{ ...IN, offset: 3 }])
    release()
    await cluster.pass(500)
    expect(valuesOf(fetcher.poll())).toEqual(['3'])
  })

  test('keeps what it has of a partition that stays where it is', async () => {
    await makeTopic({}, 2)
    await write(['0', '1'])
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(300)
    const before = one.transport.count(fetch)
    fetcher.assign([{ ...IN, offset: 0 }])
    expect(valuesOf(fetcher.poll())).toEqual(['0', '1'])
    expect(one.transport.count(fetch) - before).toBeLessThanOrEqual(1)
  })

  test('begins inside a batch at the record that was asked for', async () => {
    await makeTopic()
    const producer = new IdempotentProducer(parts())
    for (const value of ['0', '1', '2'])
      producer.send('in', 0, null, Buffer.from(value), cluster.clock.now())
    await cluster.run(producer.flush())
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 1 }])
    await cluster.pass(300)
    expect(valuesOf(fetcher.poll())).toEqual(['1', '2'])
  })

  test('neither fetches nor hands out a paused partition, and keeps what it fetched', async () => {
    await makeTopic()
    await write(['0'])
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(300)
    fetcher.pause(IN)
    expect(fetcher.poll()).toEqual([])
    await cluster.pass(200)
    const before = one.transport.count(fetch)
    await write(['1'])
    await cluster.pass(1000)
    expect(one.transport.count(fetch)).toBe(before)
    fetcher.resume(IN)
    await cluster.pass(300)
    expect(valuesOf(fetcher.poll())).toEqual(['0', '1'])
  })

  test('a request without a paused partition does not keep it from being asked for', async () => {
    await makeTopic({}, 2)
    const fetcher = reader({ maxWaitMs: 60_000 })
    fetcher.assign([IN, { topic: 'in', partition: 1 }].map((of) => ({ ...of, offset: 0 })))
    await write(['0'])
    await cluster.run(fetcher.wait(60_000))
    expect(valuesOf(fetcher.poll())).toEqual(['0'])
    fetcher.pause(IN)
    // Brought by the request that was under way; the next one goes without the paused partition.
    await write(['1'])
    await cluster.pass(20)
    await write(['2'])
    const before = one.transport.count(fetch)
    const began = cluster.clock.monotonic()
    fetcher.resume(IN)
    const seen: string[] = []
    while (!seen.includes('2')) {
      await cluster.run(fetcher.wait(60_000))
      seen.push(...valuesOf(fetcher.poll()))
    }
    expect(seen).toEqual(['1', '2'])
    expect(cluster.clock.monotonic() - began).toBeLessThan(200)
    // And it is not asked for again and again while it is paused.
    fetcher.pause(IN)
    await write(['3'])
    await cluster.pass(600_000)
    expect(one.transport.count(fetch) - before).toBeLessThan(40)
  })

  test('asks for no more than its budget while nobody polls', async () => {
    await makeTopic()
    for (let n = 0; n < 40; n++) await write(['x'.repeat(1000)])
    const fetcher = reader({ maxBytes: 8000, partitionMaxBytes: 4000 })
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(3000)
    expect(fetcher.bufferedBytes).toBeLessThanOrEqual(8000)
    const seen: string[] = []
    while (seen.length < 40) {
      seen.push(...valuesOf(fetcher.poll()))
      await cluster.run(fetcher.wait(1000))
    }
    expect(seen.length).toBe(40)
  })

  test('wakes who waits as soon as there is something', async () => {
    await makeTopic()
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(300)
    const began = cluster.clock.monotonic()
    const waiting = fetcher.wait(60_000)
    await write(['now'])
    await cluster.run(waiting)
    expect(cluster.clock.monotonic() - began).toBeLessThan(50)
    expect(valuesOf(fetcher.poll())).toEqual(['now'])
  })

  test('goes on after lost answers and a leader that moved', async () => {
    cluster.broker.close()
    cluster = new VirtualCluster({ brokers: 3 })
    one = cluster.connect()
    await makeTopic()
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    const seen: string[] = []
    for (let n = 0; n < 12; n++) {
      if (n % 3 === 0) one.transport.lose(fetch, n % 2 === 0 ? 'answer lost' : 'request lost')
      if (n % 4 === 0) cluster.broker.moveLeader('in', 0, 1 + ((n / 4) % 3))
      await write([`${n}`])
      await cluster.pass(20)
      seen.push(...valuesOf(fetcher.poll()))
    }
    await cluster.pass(10_000)
    seen.push(...valuesOf(fetcher.poll()))
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`))
  })
})

describe('a fetcher fails', () => {
  test('with the position, when the log has no such offset', async () => {
    await makeTopic()
    await write(['0', '1', '2'])
    await cluster.run(admin().deleteRecords([{ ...IN, offset: 2 }]))
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.run(fetcher.wait(5000))
    expect(() => fetcher.poll()).toThrow(
      expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE', ...IN, offset: 0 }),
    )
    fetcher.assign([{ ...IN, offset: 2 }])
    await cluster.pass(300)
    expect(valuesOf(fetcher.poll())).toEqual(['2'])
  })

  test('when the topic is gone for good', async () => {
    await makeTopic()
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(300)
    const other = cluster.connect()
    const stranger = new Admin({ ...parts(), client: other.client })
    await cluster.run(stranger.deleteTopics(['in']))
    await cluster.pass(5000)
    expect(() => fetcher.poll()).not.toThrow()
    await cluster.pass(40_000)
    expect(() => fetcher.poll()).toThrow(expect.objectContaining({ code: 'TOPIC_DELETED' }))
  })

  test('when the topic is another one of the same name', async () => {
    await makeTopic()
    await write(['0', '1'])
    const fetcher = reader()
    fetcher.assign([{ ...IN, offset: 0 }])
    await cluster.pass(300)
    fetcher.poll()
    const other = cluster.connect()
    const stranger = new Admin({ ...parts(), client: other.client })
    await cluster.run(stranger.deleteTopics(['in']))
    await cluster.run(stranger.createTopics([{ name: 'in', partitions: 1, replicationFactor: 1 }]))
    await cluster.pass(3000)
    expect(() => fetcher.poll()).toThrow(expect.objectContaining({ code: 'TOPIC_RECREATED' }))
  })
})
