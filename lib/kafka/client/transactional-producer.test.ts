import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../core/logger.ts'
import type { VirtualClient } from '../../testing/virtual-cluster.ts'
import { VirtualCluster } from '../../testing/virtual-cluster.ts'
import {
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '../protocol/apis.ts'
import { Admin } from './admin.ts'
import { Fetcher } from './fetcher.ts'
import type { GroupFence } from './group-fence.ts'
import { GroupSession } from './group-session.ts'
import { TransactionalProducer } from './transactional-producer.ts'

type Options = ConstructorParameters<typeof VirtualCluster>[0]

const clusters: VirtualCluster[] = []
afterEach(() => {
  for (const { broker } of clusters.splice(0)) broker.close()
})

class World {
  readonly cluster: VirtualCluster
  readonly one: VirtualClient
  readonly admin: Admin
  readonly session: GroupSession
  #fence: GroupFence | undefined

  constructor(options?: Options) {
    this.cluster = new VirtualCluster(options)
    clusters.push(this.cluster)
    this.one = this.cluster.connect()
    this.admin = new Admin(this.parts())
    this.session = new GroupSession({
      ...this.parts(),
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      subscription: () => Buffer.alloc(10),
      assign: async () => new Map(),
      onRebalance: () => undefined,
      onLost: () => undefined,
    })
  }

  parts(of: VirtualClient = this.one) {
    return { client: of.client, clock: this.cluster.clock, logger: silentLogger }
  }

  producer(of: VirtualClient = this.one): TransactionalProducer {
    return new TransactionalProducer({
      ...this.parts(of),
      transactionalId: 'app',
      transactionTimeoutMs: 10_000,
      deliveryTimeoutMs: 60_000,
    })
  }

  /** A topic, a member, a producer that has its id. */
  async started(topicConfigs: Record<string, string> = {}): Promise<TransactionalProducer> {
    const topic = { name: 'out', partitions: 2, replicationFactor: 1, configs: topicConfigs }
    await this.cluster.run(this.admin.createTopics([topic]))
    this.#fence = (await this.cluster.run(this.session.join())).fence
    const producer = this.producer()
    await this.cluster.run(producer.claim())
    return producer
  }

  get fence(): GroupFence {
    if (this.#fence === undefined) throw new RangeError('not joined')
    return this.#fence
  }

  offsets(offset: number, metadata = '') {
    return [{ topic: 'out', partition: 0, offset, metadata }]
  }

  send(producer: TransactionalProducer, value: string, partition = 0): void {
    producer.send('out', partition, null, Buffer.from(value), this.cluster.clock.now())
  }

  /** One record, one offset, up to EndTxn. */
  async filled(producer: TransactionalProducer, value: string, offset: number): Promise<void> {
    this.send(producer, value)
    await this.cluster.run(producer.flush())
    await this.cluster.run(producer.sendOffsets(this.fence, this.offsets(offset)))
  }

  async transaction(producer: TransactionalProducer, value: string, offset: number) {
    await this.filled(producer, value, offset)
    return this.cluster.run(producer.end('commit'))
  }

  async committed(): Promise<number | undefined> {
    const read = await this.cluster.run(this.session.committed([{ topic: 'out', partition: 0 }]))
    return read[0]?.offset
  }

  /** What readers of committed records see. */
  async visible(partition = 0): Promise<string[]> {
    const fetcher = new Fetcher({
      ...this.parts(),
      lane: 'fetch',
      isolation: 'read_committed',
      maxBytes: 1 << 20,
      partitionMaxBytes: 1 << 20,
      maxWaitMs: 100,
      minBytes: 1,
    })
    fetcher.assign([{ topic: 'out', partition, offset: 0 }])
    await this.cluster.pass(500)
    const values = fetcher
      .poll()
      .flatMap(({ view, firstIndex }) =>
        Array.from(
          { length: view.count - firstIndex },
          (_, at) => `${view.value(firstIndex + at)}`,
        ),
      )
    await fetcher.close()
    return values
  }
}

describe.each([
  ['V1', 1],
  ['V2', 2],
])('a transactional producer under %s', (name, transactionVersion) => {
  const settings = { transactionVersion }

  test('makes records and offsets visible together, transaction after transaction', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    for (let n = 1; n <= 5; n++)
      expect(await world.transaction(producer, `v${n}`, n)).toBe('committed')
    expect(await world.visible()).toEqual(['v1', 'v2', 'v3', 'v4', 'v5'])
    expect(await world.committed()).toBe(5)
  })

  test('leaves nothing of an aborted transaction behind, and goes on', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    await world.filled(producer, 'never', 7)
    expect(await world.cluster.run(producer.end('abort'))).toBe('aborted')
    expect(await world.transaction(producer, 'kept', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['kept'])
    expect(await world.committed()).toBe(1)
  })

  test('repeats an EndTxn whose answer was lost until it knows that it was committed', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    await world.filled(producer, 'a', 1)
    world.one.transport.lose(endTxn, 'answer lost', 3)
    expect(await world.cluster.run(producer.end('commit'))).toBe('committed')
    expect(world.one.transport.count(endTxn)).toBe(4)
    expect(await world.transaction(producer, 'b', 2)).toBe('committed')
    expect(await world.visible()).toEqual(['a', 'b'])
    expect(await world.committed()).toBe(2)
  })

  test('lets no late EndTxn of one transaction decide the next', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    await world.filled(producer, 'a', 1)
    world.one.transport.lose(endTxn, 'late')
    expect(await world.cluster.run(producer.end('commit'))).toBe('committed')
    // Half of the next transaction is there when the first EndTxn arrives.
    world.send(producer, 'half')
    await world.cluster.run(producer.flush())
    await world.cluster.run(world.one.transport.deliverLate())
    expect(await world.visible()).toEqual(['a'])
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual(['a'])
  })

  test('begins under a new epoch after a lost answer, for the request may still arrive', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    const { transport } = world.one
    const before = transport.count(initProducerId)
    world.send(producer, 'a')
    transport.lose(produce, 'answer lost')
    await world.cluster.run(producer.flush())
    await world.cluster.run(producer.sendOffsets(world.fence, world.offsets(1)))
    await world.cluster.run(producer.end('commit'))
    // V2 moves the epoch by itself.
    expect(transport.count(initProducerId) > before).toBe(name === 'V1')
    expect(await world.transaction(producer, 'b', 2)).toBe('committed')
    expect(await world.visible()).toEqual(['a', 'b'])
  })

  test('tells that a commit is unknown when it is given up, and never repeats the span by itself', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    await world.filled(producer, 'a', 1)
    world.one.transport.lose(endTxn, 'answer lost', 1000)
    const stop = new AbortController()
    const ending = producer.end('commit', stop.signal)
    await world.cluster.pass(1000)
    stop.abort()
    expect(await world.cluster.run(ending)).toBe('unknown')
    world.one.transport.heal()
    await world.cluster.run(producer.recover())
    // The offsets are the truth: it was committed.
    expect(await world.committed()).toBe(1)
    expect(await world.visible()).toEqual(['a'])
  })

  test('is fenced by a successor that claimed the id, and does not take it back', async () => {
    const world = new World({ settings })
    const zombie = await world.started()
    await world.filled(zombie, 'zombie', 5)
    const successor = world.producer(world.cluster.connect())
    await world.cluster.run(successor.claim())
    await expect(world.cluster.run(zombie.end('commit'))).resolves.toMatch(/aborted|unknown/)
    await expect(world.cluster.run(zombie.recover())).rejects.toMatchObject({ code: 'FENCED' })
    expect(await world.transaction(successor, 'successor', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['successor'])
    expect(await world.committed()).toBe(1)
  })

  test('learns in the middle of a transaction that it was fenced', async () => {
    const world = new World({ settings })
    const zombie = await world.started()
    await world.filled(zombie, 'zombie', 5)
    await world.cluster.run(world.producer(world.cluster.connect()).claim())
    world.send(zombie, 'more')
    await expect(world.cluster.run(zombie.flush())).rejects.toMatchObject({ code: 'FENCED' })
    await expect(world.cluster.run(zombie.end('abort'))).rejects.toMatchObject({ code: 'FENCED' })
  })

  test('goes on in place when its own transaction timed out', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    await world.filled(producer, 'late', 3)
    await world.cluster.pass(30_000)
    await expect(world.cluster.run(producer.end('commit'))).resolves.toBe('aborted')
    await world.cluster.run(producer.recover())
    expect(await world.visible()).toEqual([])
    expect(await world.transaction(producer, 'next', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['next'])
  })

  test('is refused offsets under a generation that is over, and commits nothing then', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    const stale = { ...world.fence }
    await world.cluster.run(world.session.join())
    world.send(producer, 'zombie')
    await world.cluster.run(producer.flush())
    await expect(
      world.cluster.run(producer.sendOffsets(stale, world.offsets(9))),
    ).rejects.toMatchObject({ code: 'GENERATION_ENDED' })
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'GENERATION_ENDED',
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
    expect(await world.committed()).toBe(-1)
  })

  test('does not commit when one offset was refused, such as for metadata over 4,096 bytes', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    world.send(producer, 'a')
    await world.cluster.run(producer.flush())
    const offsets = [
      { topic: 'out', partition: 1, offset: 1, metadata: 'm'.repeat(4097) },
      ...world.offsets(1, 'm'.repeat(4096)),
    ]
    await expect(
      world.cluster.run(producer.sendOffsets(world.fence, offsets)),
    ).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
    expect(await world.committed()).toBe(-1)
  })

  test('refuses a transaction that nothing would fence', async () => {
    const world = new World({ settings })
    const producer = await world.started()
    world.send(producer, 'timer')
    await world.cluster.run(producer.flush())
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await expect(world.cluster.run(producer.sendOffsets(world.fence, []))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await world.cluster.run(producer.end('abort'))
    const nobody = { ...world.fence, generation: -1, memberId: '' }
    await expect(
      world.cluster.run(producer.sendOffsets(nobody, world.offsets(1))),
    ).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('keeps the order of records whatever is lost on their way', async () => {
    const world = new World({ settings, brokers: 3, requestTimeoutMs: 1000 })
    const producer = await world.started()
    const expected: string[] = []
    for (let n = 0; n < 40; n++) {
      expected.push(`v${n}`)
      world.send(producer, `v${n}`)
      producer.push()
      if (n % 7 === 3) world.one.transport.lose(produce, n % 2 ? 'request lost' : 'answer lost')
      if (n === 20) world.cluster.broker.moveLeader('out', 0, 2)
      if (n % 5 === 0) await world.cluster.pass(1)
    }
    await world.cluster.run(producer.flush())
    await world.cluster.run(producer.sendOffsets(world.fence, world.offsets(1)))
    expect(await world.cluster.run(producer.end('commit'))).toBe('committed')
    expect(await world.visible()).toEqual(expected)
  })

  test('names the origin of the record that the broker refused', async () => {
    const world = new World({ settings })
    const producer = await world.started({ 'message.timestamp.after.max.ms': '3600000' })
    const now = world.cluster.clock.now()
    for (let n = 0; n < 5; n++)
      producer.send('out', 0, null, Buffer.from('x'), n === 3 ? now + 7_200_000 : now, undefined, n)
    await expect(world.cluster.run(producer.flush())).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      origin: 3,
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
  })

  test('splits batches that are too large, down to the record that never fits', async () => {
    const world = new World({ settings })
    const producer = await world.started({ 'max.message.bytes': '2000' })
    for (let n = 0; n < 20; n++) world.send(producer, `${n}`.padStart(300, '.'))
    await world.cluster.run(producer.flush())
    await world.cluster.run(producer.sendOffsets(world.fence, world.offsets(1)))
    await world.cluster.run(producer.end('commit'))
    expect((await world.visible()).map((text) => Number(text.replaceAll('.', '')))).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    )
    producer.send('out', 0, null, Buffer.alloc(300), 0, undefined, 'small')
    producer.send('out', 0, null, Buffer.alloc(3000), 0, undefined, 'large')
    await expect(world.cluster.run(producer.flush())).rejects.toMatchObject({ origin: 'large' })
  })
})

describe('a transactional producer', () => {
  test('takes a new producer id when the epochs of the old one are used up', async () => {
    const world = new World({ settings: { maxProducerEpoch: 10 } })
    const producer = await world.started()
    for (let n = 1; n <= 35; n++)
      expect(await world.transaction(producer, `v${n}`, n)).toBe('committed')
    expect(await world.committed()).toBe(35)
    expect((await world.visible()).length).toBe(35)
  })

  test('takes the new producer id from a repeated EndTxn as well', async () => {
    const world = new World({ settings: { maxProducerEpoch: 10 } })
    const producer = await world.started()
    for (let n = 1; n <= 35; n++) {
      await world.filled(producer, `v${n}`, n)
      world.one.transport.lose(endTxn, 'answer lost')
      expect(await world.cluster.run(producer.end('commit'))).toBe('committed')
    }
    expect(await world.committed()).toBe(35)
  })

  test('adds partitions itself when transactions are back to back, and lets Produce do it otherwise', async () => {
    const world = new World()
    const producer = await world.started()
    const { transport } = world.one
    await world.cluster.pass(100)
    await world.filled(producer, 'a', 1)
    expect(transport.count(addPartitionsToTxn)).toBe(0)
    await world.cluster.run(producer.end('commit'))
    await world.filled(producer, 'b', 2)
    const added = transport.count(addPartitionsToTxn)
    expect(added).toBeGreaterThan(0)
    await world.cluster.run(producer.end('commit'))
    await world.cluster.pass(100)
    await world.transaction(producer, 'c', 3)
    expect(transport.count(addPartitionsToTxn)).toBe(added)
    expect(await world.visible()).toEqual(['a', 'b', 'c'])
  })

  test('refuses brokers that cannot fence a generation', async () => {
    const world = new World()
    world.one.transport.versions = ({ apis, features }) => ({
      apis: new Map(apis).set(txnOffsetCommit.key, { min: 0, max: 2 }),
      features,
    })
    await expect(world.cluster.run(world.producer().claim())).rejects.toMatchObject({
      code: 'CLUSTER_TOO_OLD',
    })
  })

  test('aborts a transaction with a lost answer on brokers that may leave it hanging', async () => {
    const world = new World({ settings: { transactionVersion: 1 } })
    world.one.transport.versions = ({ apis }) => ({ apis, features: new Map() })
    const producer = await world.started()
    world.send(producer, 'a')
    world.one.transport.lose(produce, 'answer lost')
    await expect(world.cluster.run(producer.flush())).rejects.toMatchObject({
      code: 'TRANSACTION_ABORTED',
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.transaction(producer, 'b', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['b'])
  })

  test('tells the end offset of each partition with an epoch that is certain', async () => {
    const world = new World()
    const producer = await world.started()
    await world.transaction(producer, 'a', 1)
    await world.transaction(producer, 'b', 2)
    // 'a' at 0, its marker at 1, 'b' at 2.
    const end = producer.endOffsets().get('out/0')
    expect(end?.offset).toBe(3)
    expect(end?.leaderEpoch).toBeGreaterThanOrEqual(0)
  })
})
