import { afterEach, describe, expect, test } from '@jest/globals'
import { TransactionWorld } from '../../testing/transaction-fixture.ts'
import {
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '../protocol/apis.ts'

let world: TransactionWorld
afterEach(() => world.close())

function inputOf(offset: number) {
  return { topic: 'in', partition: 0, offset }
}

describe.each([
  ['V1', 1],
  ['V2', 2],
])('a transactional producer under %s', (name, transactionVersion) => {
  const settings = { transactionVersion }

  test('makes records and offsets visible together, transaction after transaction', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    for (let n = 1; n <= 5; n++)
      expect(await world.transaction(producer, `v${n}`, n)).toBe('committed')
    expect(await world.visible()).toEqual(['v1', 'v2', 'v3', 'v4', 'v5'])
    expect(await world.committed()).toBe(5)
  })

  test('leaves nothing of an aborted transaction behind, and goes on', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    await world.filled(producer, 'never', 7)
    expect(await world.cluster.run(producer.end('abort'))).toBe('aborted')
    expect(await world.transaction(producer, 'kept', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['kept'])
    expect(await world.committed()).toBe(1)
  })

  test('repeats an EndTxn whose answer was lost until it knows that it was committed', async () => {
    world = new TransactionWorld({ settings })
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
    world = new TransactionWorld({ settings })
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
    world = new TransactionWorld({ settings })
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
    world = new TransactionWorld({ settings })
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

  test('keeps the order of records whatever is lost on their way', async () => {
    world = new TransactionWorld({ settings, brokers: 3, requestTimeoutMs: 1000 })
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
    world = new TransactionWorld({ settings })
    const producer = await world.started({ 'message.timestamp.after.max.ms': '3600000' })
    const now = world.cluster.clock.now()
    for (let n = 0; n < 5; n++) {
      const timestamp = n === 3 ? now + 7_200_000 : now
      producer.send('out', 0, null, Buffer.from('x'), timestamp, undefined, inputOf(n))
    }
    await expect(world.cluster.run(producer.flush())).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      origin: inputOf(3),
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
  })

  test('splits batches that are too large, down to the record that never fits', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started({ 'max.message.bytes': '2000' })
    for (let n = 0; n < 20; n++) world.send(producer, `${n}`.padStart(300, '.'))
    await world.cluster.run(producer.flush())
    await world.cluster.run(producer.sendOffsets(world.fence, world.offsets(1)))
    await world.cluster.run(producer.end('commit'))
    expect((await world.visible()).map((text) => Number(text.replaceAll('.', '')))).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    )
    producer.send('out', 0, null, Buffer.alloc(300), 0, undefined, inputOf(1))
    producer.send('out', 0, null, Buffer.alloc(3000), 0, undefined, inputOf(2))
    await expect(world.cluster.run(producer.flush())).rejects.toMatchObject({
      origin: inputOf(2),
    })
  })
})

describe('a transactional producer', () => {
  test('takes a new producer id when the epochs of the old one are used up', async () => {
    world = new TransactionWorld({ settings: { maxProducerEpoch: 10 } })
    const producer = await world.started()
    for (let n = 1; n <= 35; n++)
      expect(await world.transaction(producer, `v${n}`, n)).toBe('committed')
    expect(await world.committed()).toBe(35)
    expect((await world.visible()).length).toBe(35)
  })

  test('takes the new producer id from a repeated EndTxn as well', async () => {
    world = new TransactionWorld({ settings: { maxProducerEpoch: 10 } })
    const producer = await world.started()
    for (let n = 1; n <= 35; n++) {
      await world.filled(producer, `v${n}`, n)
      world.one.transport.lose(endTxn, 'answer lost')
      expect(await world.cluster.run(producer.end('commit'))).toBe('committed')
    }
    expect(await world.committed()).toBe(35)
  })

  test('adds partitions itself when transactions are back to back, and lets Produce do it otherwise', async () => {
    world = new TransactionWorld()
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
    world = new TransactionWorld()
    world.one.transport.versions = ({ apis, features }) => ({
      apis: new Map(apis).set(txnOffsetCommit.key, { min: 0, max: 2 }),
      features,
    })
    await expect(world.cluster.run(world.producer().claim())).rejects.toMatchObject({
      code: 'CLUSTER_TOO_OLD',
    })
  })

  test('aborts a transaction with a lost answer on brokers that may leave it hanging', async () => {
    world = new TransactionWorld({ settings: { transactionVersion: 1 } })
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
    world = new TransactionWorld()
    const producer = await world.started()
    await world.transaction(producer, 'a', 1)
    await world.transaction(producer, 'b', 2)
    // 'a' at 0, its marker at 1, 'b' at 2.
    const end = producer.endOffsets().get('out/0')
    expect(end?.offset).toBe(3)
    expect(end?.leaderEpoch).toBeGreaterThanOrEqual(0)
  })
})
