import { afterEach, describe, expect, test } from '@jest/globals'
import type { StreamsError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import type { VirtualClient } from '../../testing/virtual-cluster.ts'
import { VirtualCluster } from '../../testing/virtual-cluster.ts'
import { heartbeat, offsetCommit, syncGroup } from '../protocol/apis.ts'
import { Admin } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'
import { GroupSession } from './group-session.ts'
import { TransactionalProducer } from './transactional-producer.ts'

const IN = { topic: 'in', partition: 0 }

let cluster = new VirtualCluster()
afterEach(() => {
  cluster.broker.close()
  cluster = new VirtualCluster()
})

function member(
  options: {
    instanceId?: string
    assign?: () => Promise<Map<string, Buffer>>
    of?: VirtualClient
  } = {},
) {
  const { client, transport } = options.of ?? cluster.connect()
  const events: string[] = []
  const session = new GroupSession({
    client,
    clock: cluster.clock,
    logger: silentLogger,
    groupId: 'g',
    instanceId: options.instanceId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    heartbeatIntervalMs: 1000,
    subscription: () => Buffer.from('what I have'),
    assign:
      options.assign ??
      (async (members) =>
        new Map(members.map(({ memberId }, rank) => [memberId, Buffer.from(`share ${rank}`)]))),
    onRebalance: () => events.push('rebalance'),
    onLost: (error: StreamsError) => events.push(`lost: ${error.code}`),
  })
  return { session, events, client, transport }
}

async function makeTopic(): Promise<void> {
  const { client } = cluster.connect()
  const admin = new Admin({ client, clock: cluster.clock, logger: silentLogger })
  await cluster.run(admin.createTopics([{ name: 'in', partitions: 1, replicationFactor: 1 }]))
}

async function claimed(
  client: ClusterClient,
  transactionTimeoutMs: number,
): Promise<TransactionalProducer> {
  const producer = new TransactionalProducer({
    client,
    clock: cluster.clock,
    logger: silentLogger,
    transactionalId: 'app',
    transactionTimeoutMs,
  })
  await cluster.run(producer.claim())
  return producer
}

function offsets(offset: number) {
  return [{ ...IN, offset, metadata: `at ${offset}` }]
}

async function stored(session: GroupSession): Promise<number | undefined> {
  return (await cluster.run(session.committed([IN])))[0]?.offset
}

describe('joining a group', () => {
  test('makes the first member the leader, who says what each gets', async () => {
    const { session } = member()
    const joined = await cluster.run(session.join())
    expect(joined.isLeader).toBe(true)
    expect(joined.assignment.toString()).toBe('share 0')
    expect(session.fence).toEqual(joined.fence)
    expect(joined.fence.generation).toBeGreaterThan(0)
  })

  test('is told to the others by their heartbeats, and waits for them', async () => {
    const [a, b] = [member(), member()]
    const first = await cluster.run(a.session.join())
    const joining = b.session.join()
    await cluster.pass(2500)
    expect(a.events).toEqual(['rebalance'])
    expect(a.session.fence).toEqual(first.fence)
    const [again, other] = await cluster.run(Promise.all([a.session.join(), joining]))
    expect(again.fence.memberId).toBe(first.fence.memberId)
    expect(again.fence.generation).toBe(other.fence.generation)
    expect([again.isLeader, other.isLeader].toSorted()).toEqual([false, true])
    expect(`${again.assignment}` === `${other.assignment}`).toBe(false)
  })

  test('does not hold heartbeats up: the join lane is another connection', async () => {
    const of = cluster.connect()
    const [a, b] = [member({ of }), member({ of })]
    await cluster.run(a.session.join())
    void b.session.join().catch(() => undefined)
    await cluster.pass(2500)
    expect(a.events).toEqual(['rebalance'])
    await expect(cluster.run(a.session.heartbeat(), 100)).resolves.toBeUndefined()
    await cluster.run(b.session.close())
  })

  test('survives lost requests and a leader that takes longer than the session', async () => {
    const slow = member({
      assign: async () => {
        await cluster.clock.sleep(15_000)
        return new Map()
      },
    })
    slow.transport.lose(syncGroup, 'answer lost')
    const joined = await cluster.run(slow.session.join())
    await expect(cluster.run(slow.session.heartbeat())).resolves.toBeUndefined()
    expect(slow.session.fence).toEqual(joined.fence)
  })

  test('fails with what the assignment failed with', async () => {
    const { session } = member({ assign: () => Promise.reject(new RangeError('no partitions')) })
    await expect(cluster.run(session.join())).rejects.toThrow('no partitions')
    expect(session.fence).toBeUndefined()
  })

  test('refuses an assignment that the broker could not store', async () => {
    const { client } = cluster.connect()
    const other = new GroupSession({
      client,
      clock: cluster.clock,
      logger: silentLogger,
      groupId: 'large',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      subscription: () => Buffer.alloc(500_001),
      assign: async () => new Map(),
      onRebalance: () => undefined,
      onLost: () => undefined,
    })
    await expect(cluster.run(other.join())).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('ends at once when the session is closed', async () => {
    const [a, b] = [member(), member()]
    await cluster.run(a.session.join())
    const refused = expect(b.session.join()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await cluster.pass(100)
    await cluster.run(b.session.close())
    await refused
  })
})

describe('a member', () => {
  test('that was away for longer than its session is told that it was replaced', async () => {
    const { session, events, transport } = member()
    await cluster.run(session.join())
    transport.lose(heartbeat, 'request lost', 1000)
    await cluster.pass(15_000)
    expect(events).toEqual([])
    transport.heal()
    await expect(cluster.run(session.heartbeat())).rejects.toMatchObject({
      code: 'GENERATION_ENDED',
    })
    expect(session.fence).toBeUndefined()
    const again = await cluster.run(session.join())
    expect(again.isLeader).toBe(true)
  })

  test('leaves, and the others take over without waiting for its session', async () => {
    const [a, b] = [member(), member()]
    await cluster.run(a.session.join())
    const joining = b.session.join()
    await cluster.pass(2000)
    await cluster.run(a.session.leave())
    const joined = await cluster.run(joining, 3000)
    expect(joined.isLeader).toBe(true)
  })
})

describe('a static member', () => {
  test('comes back under its instance id with the same assignment and generation', async () => {
    const first = member({ instanceId: 'one' })
    const before = await cluster.run(first.session.join())
    await cluster.run(first.session.close())
    const second = member({ instanceId: 'one' })
    const after = await cluster.run(second.session.join())
    expect(after.fence.generation).toBe(before.fence.generation)
    expect(after.fence.memberId).not.toBe(before.fence.memberId)
    expect(after.assignment).toEqual(before.assignment)
  })

  test('that lives twice stops the older one with an error that names the instance id', async () => {
    const first = member({ instanceId: 'one' })
    await cluster.run(first.session.join())
    await cluster.run(member({ instanceId: 'one' }).session.join())
    await cluster.pass(2000)
    expect(first.events).toEqual(['lost: INSTANCE_ID_IN_USE'])
  })
})

describe('committed offsets', () => {
  test('come back with their metadata, and -1 where there are none', async () => {
    await makeTopic()
    const { session } = member()
    const { fence } = await cluster.run(session.join())
    expect(await stored(session)).toBe(-1)
    await cluster.run(session.commit(fence, offsets(7)))
    expect(await cluster.run(session.committed([IN]))).toMatchObject([
      { ...IN, offset: 7, metadata: 'at 7' },
    ])
  })

  test('are refused under a generation that is over, and without a member', async () => {
    await makeTopic()
    const { session } = member()
    const { fence } = await cluster.run(session.join())
    await cluster.run(session.join())
    await cluster.run(session.join())
    await expect(cluster.run(session.commit(fence, offsets(9)))).rejects.toMatchObject({
      code: 'GENERATION_ENDED',
    })
    const nobody = { ...fence, generation: -1, memberId: '' }
    await expect(cluster.run(session.commit(nobody, offsets(9)))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    expect(await stored(session)).toBe(-1)
  })

  test('ask to join again when an answer is lost, so that a late request finds another generation', async () => {
    await makeTopic()
    const { session, transport } = member()
    const first = await cluster.run(session.join())
    transport.lose(offsetCommit, 'late')
    await expect(cluster.run(session.commit(first.fence, offsets(100)))).rejects.toMatchObject({
      code: 'GENERATION_ENDED',
    })
    const second = await cluster.run(session.join())
    expect(second.fence.generation).toBeGreaterThan(first.fence.generation)
    await cluster.run(session.commit(second.fence, offsets(200)))
    await cluster.run(transport.deliverLate())
    expect(await stored(session)).toBe(200)
  })

  test('are read once the transaction over them is decided and written, never before', async () => {
    cluster.broker.close()
    cluster = new VirtualCluster({ settings: { markerDelayMs: [50, 60] } })
    await makeTopic()
    const { session, client } = member()
    const { fence } = await cluster.run(session.join())
    const producer = await claimed(client, 10_000)
    for (let n = 1; n <= 5; n++) {
      await cluster.run(producer.sendOffsets(fence, offsets(n)))
      await cluster.run(producer.end('commit'))
      // Acknowledged means decided: an unstable read would still see what was there before.
      expect(await stored(session)).toBe(n)
    }
    await cluster.run(producer.sendOffsets(fence, offsets(6)))
    const reading = session.committed([IN])
    await cluster.pass(3000)
    expect(session.unstableSince).toBeDefined()
    await cluster.run(producer.end('commit'))
    expect((await cluster.run(reading))[0]?.offset).toBe(6)
    expect(session.unstableSince).toBeUndefined()
  })

  test('are not waited for beyond the generation', async () => {
    await makeTopic()
    const { session, client } = member()
    const { fence } = await cluster.run(session.join())
    const producer = await claimed(client, 60_000)
    await cluster.run(producer.sendOffsets(fence, offsets(1)))
    const reading = session.committed([IN])
    await cluster.pass(500)
    const joining = session.join()
    await expect(cluster.run(reading)).rejects.toMatchObject({ code: 'GENERATION_ENDED' })
    await cluster.run(joining)
  })
})
