import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../core/logger.ts'
import { VirtualCluster } from '../../testing/virtual-cluster.ts'
import { createTopics, listOffsets } from '../protocol/apis.ts'
import { Admin } from './admin.ts'
import { IdempotentProducer } from './idempotent-producer.ts'

let cluster = new VirtualCluster({ brokers: 3 })
let one = cluster.connect()
const parts = () => ({ client: one.client, clock: cluster.clock, logger: silentLogger })

afterEach(() => {
  cluster.broker.close()
  cluster = new VirtualCluster({ brokers: 3 })
  one = cluster.connect()
})

const topic = (configs: Record<string, string> = {}) => ({
  name: 'in',
  partitions: 3,
  replicationFactor: 1,
  configs,
})
const all = [0, 1, 2].map((partition) => ({ topic: 'in', partition }))

async function write(partition: number, timestamps: readonly number[]): Promise<void> {
  const producer = new IdempotentProducer(parts())
  for (const timestamp of timestamps) producer.send('in', partition, null, null, timestamp)
  await cluster.run(producer.flush())
}

describe('topics', () => {
  test('are made once, and are ready when that is said, lost answers or not', async () => {
    const admin = new Admin(parts())
    one.transport.lose(createTopics, 'request lost')
    expect(await cluster.run(admin.createTopics([topic()]))).toEqual(new Map([['in', 'created']]))
    expect(await cluster.run(admin.createTopics([topic()]))).toEqual(new Map([['in', 'existed']]))
    const { topics } = await cluster.run(one.client.metadata(['in', 'missing']))
    expect([...topics.keys()]).toEqual(['in'])
    expect(topics.get('in')?.partitions.every(({ leader }) => leader >= 0)).toBe(true)
    expect(topics.get('in')?.id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('tell which settings are their own', async () => {
    const admin = new Admin(parts())
    await cluster.run(admin.createTopics([topic({ 'cleanup.policy': 'compact' })]))
    const configs = (await cluster.run(admin.describeTopicConfigs(['in']))).get('in')
    expect(configs?.get('cleanup.policy')).toEqual({ value: 'compact', own: true })
    expect(configs?.get('max.message.bytes')?.own).toBe(false)
  })

  test('are gone when that is said, and may come back under another id', async () => {
    const admin = new Admin(parts())
    await cluster.run(admin.createTopics([topic()]))
    const before = (await cluster.run(one.client.metadata(['in']))).topics.get('in')?.id
    await cluster.run(admin.deleteTopics(['in']))
    await cluster.run(admin.createTopics([topic()]))
    const after = (await cluster.run(one.client.metadata(['in']))).topics.get('in')?.id
    expect(after).not.toBe(before)
    expect(one.client.standing('in')).toBe('known')
  })
})

describe('offsets', () => {
  test('are asked of every leader, and again of a new one', async () => {
    const admin = new Admin(parts())
    await cluster.run(admin.createTopics([topic()]))
    const now = cluster.clock.now()
    await write(0, [now, now + 10, now + 20])
    await write(2, [now])
    cluster.broker.moveLeader('in', 0, 3)
    one.transport.lose(listOffsets, 'answer lost')
    const latest = await cluster.run(admin.listOffsets(all, 'latest'))
    expect(all.map(({ partition }) => latest.get(`in/${partition}`)?.offset)).toEqual([3, 0, 1])
    const at = await cluster.run(admin.listOffsets(all, now + 10))
    expect(at.get('in/0')?.offset).toBe(1)
    expect(at.get('in/2')?.offset).toBe(-1)
  })

  test('of an epoch are told, and -1 for one that nobody knows', async () => {
    const admin = new Admin(parts())
    await cluster.run(admin.createTopics([topic()]))
    await write(0, [cluster.clock.now()])
    const epoch = one.client.leader('in', 0)?.epoch ?? 0
    const ends = await cluster.run(
      admin.offsetsForLeaderEpoch([{ topic: 'in', partition: 0, leaderEpoch: epoch }]),
    )
    expect(ends.get('in/0')).toEqual({ leaderEpoch: epoch, endOffset: 1 })
  })

  test('move forward when records are deleted, except where the topic does not allow it', async () => {
    const admin = new Admin(parts())
    await cluster.run(
      admin.createTopics([topic(), { ...topic({ 'cleanup.policy': 'compact' }), name: 'table' }]),
    )
    const now = cluster.clock.now()
    await write(0, [now, now, now])
    const starts = await cluster.run(
      admin.deleteRecords([
        { topic: 'in', partition: 0, offset: 2 },
        { topic: 'table', partition: 0, offset: 0 },
      ]),
    )
    expect([...starts]).toEqual([['in/0', 2]])
    const earliest = await cluster.run(admin.listOffsets(all, 'earliest'))
    expect(earliest.get('in/0')?.offset).toBe(2)
  })
})
