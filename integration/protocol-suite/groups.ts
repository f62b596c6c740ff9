/** Groups of the classic protocol: joining, generations, rebalances, dynamic members. */
import { deleteGroups, describeGroups, heartbeat } from '../../lib/kafka/protocol/apis.ts'
import { commitOffset, GroupMember, stateOf } from './group-calls.ts'
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V1, V2 } from './transaction-calls.ts'

/** Two members in generation 2, or what comes of a first one that must join again. */
async function pair(kafka: RawKafka, rebalanceTimeoutMs = 5000) {
  const group = kafka.name('group')
  const first = await GroupMember.make(kafka, group, { rebalanceTimeoutMs })
  await first.become()
  const second = await GroupMember.make(kafka, group, { rebalanceTimeoutMs })
  const joining = second.join()
  await kafka.until(
    () => first.heartbeat(),
    (code) => code === 27,
  )
  return { group, first, second, joining }
}

/** The leader gives every member its id. */
async function settle(first: GroupMember, second: GroupMember): Promise<void> {
  const [leader, follower] = first.leads ? [first, second] : [second, first]
  const waiting = follower.sync()
  await leader.sync(
    [first, second].map(({ memberId }) => ({ memberId, assignment: Buffer.from(memberId) })),
  )
  await waiting
}

export const groups: readonly Scenario[] = [
  scenario(
    'a new dynamic member is given its id first',
    { first: [79, true], second: [0, 1], leads: true },
    async (kafka) => {
      const member = await GroupMember.make(kafka, kafka.name('group'))
      const first = await member.joinOnce()
      const second = await member.joinOnce()
      return {
        first: [first.errorCode, first.memberId !== ''],
        second: [second.errorCode, second.generationId],
        leads: member.leads,
      }
    },
  ),
  scenario('JoinGroup 3 joins at once', { code: 0, generation: 1 }, async (kafka) => {
    const member = await GroupMember.make(kafka, kafka.name('group'), { version: 3 })
    const { errorCode, generationId } = await member.joinOnce()
    return { code: errorCode, generation: generationId }
  }),
  scenario(
    'what a first JoinGroup is refused for',
    { session: 26, long: 26, noType: 23, unknown: 25, empty: 24 },
    async (kafka) => {
      const group = kafka.name('group')
      const member = await GroupMember.make(kafka, group)
      const nameless = await GroupMember.make(kafka, '')
      return {
        session: (await member.joinOnce({ sessionTimeoutMs: 10 })).errorCode,
        long: (await member.joinOnce({ sessionTimeoutMs: 9_000_000 })).errorCode,
        noType: (await member.joinOnce({ protocolType: '' })).errorCode,
        unknown: (await member.joinOnce({ memberId: 'nobody' })).errorCode,
        empty: (await nameless.joinOnce()).errorCode,
      }
    },
  ),
  scenario(
    'another protocol type, or none in common: 23',
    { type: 23, protocol: 23 },
    async (kafka) => {
      const group = kafka.name('group')
      await (await GroupMember.make(kafka, group)).become()
      const other = await GroupMember.make(kafka, group)
      return {
        type: (await other.joinOnce({ protocolType: 'connect' })).errorCode,
        protocol: (await other.joinOnce({ protocol: 'other' })).errorCode,
      }
    },
  ),
  scenario(
    'while others join: heartbeats 27, commits of the old generation still taken',
    { heartbeat: 27, offsets: 0, txn: 0, state: 'PreparingRebalance' },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, joining } = await pair(kafka)
      const tx = new Transactional(kafka, V2)
      const observed = {
        heartbeat: await first.heartbeat(),
        offsets: await first.commit(topic, 1),
        txn: await tx.commitOffset(await tx.begin(), group, {
          topic,
          offset: 1,
          generationId: first.generationId,
          memberId: first.memberId,
        }),
        state: await stateOf(kafka, group),
      }
      await first.joinOnce()
      await joining
      return observed
    },
  ),
  scenario(
    'all joined, the leader has not assigned: plain commits 27, transactional ones of the new generation taken',
    { state: 'CompletingRebalance', heartbeat: 0, plain: 27, old: 22, txnOld: 22, txnNew: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, joining } = await pair(kafka)
      await Promise.all([first.joinOnce(), joining])
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const txn = (generationId: number) =>
        tx.commitOffset(producer, group, {
          topic,
          offset: 1,
          generationId,
          memberId: first.memberId,
        })
      return {
        state: await stateOf(kafka, group),
        heartbeat: await first.heartbeat(),
        plain: await first.commit(topic, 1),
        old: await first.commit(topic, 1, { generationId: first.generationId - 1 }),
        txnOld: await txn(first.generationId - 1),
        txnNew: await txn(first.generationId),
      }
    },
  ),
  scenario(
    'a zombie of an older generation: 22 everywhere',
    { heartbeat: 22, commit: 22, v3: 22, v5: 22, sync: 22 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, second, joining } = await pair(kafka)
      await Promise.all([first.joinOnce(), joining])
      await settle(first, second)
      const old = { generationId: first.generationId - 1 }
      const offset = { topic, offset: 1, ...old, memberId: first.memberId }
      const one = new Transactional(kafka, V1)
      const producer = await one.begin()
      await one.addOffsets(producer, group)
      const two = new Transactional(kafka, V2)
      return {
        heartbeat: await first.heartbeat(old),
        commit: await first.commit(topic, 1, old),
        v3: await one.commitOffset(producer, group, offset),
        v5: await two.commitOffset(await two.begin(), group, offset),
        sync: (await first.sync([], old)).errorCode,
      }
    },
  ),
  scenario(
    'an unknown member: 25 everywhere',
    { heartbeat: 25, commit: 25, txn: 25, join: 25, sync: 25, leave: 25 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const stranger = { memberId: 'nobody' }
      const tx = new Transactional(kafka, V2)
      return {
        heartbeat: await member.heartbeat(stranger),
        commit: await member.commit(topic, 1, stranger),
        txn: await tx.commitOffset(await tx.begin(), group, {
          topic,
          offset: 1,
          generationId: member.generationId,
          memberId: 'nobody',
        }),
        join: (await (await GroupMember.make(kafka, group)).joinOnce(stranger)).errorCode,
        sync: (await member.sync([], stranger)).errorCode,
        leave: await member.leave(stranger),
      }
    },
  ),
  scenario(
    'generation -1: without a member taken in a transaction only, with one 22',
    { txn: 0, plain: 25, withMember: 22 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addOffsets(producer, group)
      return {
        txn: await tx.commitOffset(producer, group, { topic, offset: 1 }),
        plain: await commitOffset(kafka, group, topic, 1),
        withMember: await tx.commitOffset(producer, group, {
          topic,
          offset: 1,
          memberId: member.memberId,
        }),
      }
    },
  ),
  scenario(
    'an error of TxnOffsetCommit leaves the transaction open, to be aborted',
    { commit: 22, end: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.produce(producer, topic, 0)
      const commit = await tx.commitOffset(producer, group, {
        topic,
        offset: 1,
        generationId: 99,
        memberId: member.memberId,
      })
      return { commit, end: (await tx.end(producer, false)).errorCode }
    },
  ),
  scenario(
    'a member that heartbeats but does not rejoin is left behind when the time is up',
    { joined: [0, 1], waited: true, laggard: 25 },
    async (kafka) => {
      const { first, second, joining } = await pair(kafka, 1500)
      const started = kafka.clock.monotonic()
      const beating = (async () => {
        for (let beat = 0; beat < 12; beat++) {
          await first.heartbeat()
          await kafka.clock.sleep(100)
        }
      })()
      const { errorCode, members } = await joining
      const waited = kafka.clock.monotonic() - started > 700
      await beating
      await second.sync([])
      return { joined: [errorCode, members.length], waited, laggard: await first.heartbeat() }
    },
  ),
  scenario(
    'a leader that never assigns: the others are told to join again',
    { follower: 27 },
    async (kafka) => {
      const { first, second, joining } = await pair(kafka, 1500)
      await Promise.all([first.joinOnce(), joining])
      const follower = first.leads ? second : first
      return { follower: (await follower.sync()).errorCode }
    },
  ),
  scenario(
    'a member whose session ends is gone, and the group with it',
    { heartbeat: 25, state: 'Empty' },
    async (kafka) => {
      const group = kafka.name('group')
      const member = await (
        await GroupMember.make(kafka, group, { sessionTimeoutMs: 1000 })
      ).become()
      await kafka.clock.sleep(1600)
      return { heartbeat: await member.heartbeat(), state: await stateOf(kafka, group) }
    },
  ),
  scenario(
    'leaving ends membership at once',
    { leave: 0, again: 25, heartbeat: 25, state: 'Empty' },
    async (kafka) => {
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      return {
        leave: await member.leave(),
        again: await member.leave(),
        heartbeat: await member.heartbeat(),
        state: await stateOf(kafka, group),
      }
    },
  ),
  scenario(
    'a follower that joins again unchanged is told the generation; the leader begins another',
    { follower: [0, 2], state: 'Stable', leader: 27 },
    async (kafka) => {
      const { group, first, second, joining } = await pair(kafka)
      await Promise.all([first.joinOnce(), joining])
      await settle(first, second)
      const [leader, follower] = first.leads ? [first, second] : [second, first]
      const again = await follower.joinOnce()
      const state = await stateOf(kafka, group)
      const joins = leader.joinOnce()
      const heartbeat = await kafka.until(
        () => follower.heartbeat(),
        (code) => code === 27,
      )
      await follower.joinOnce()
      await joins
      return { follower: [again.errorCode, again.generationId], state, leader: heartbeat }
    },
  ),
  scenario(
    'only the leader sees the members, and everyone gets what it was assigned',
    { lists: [0, 2], assigned: [true, true] },
    async (kafka) => {
      const { first, second, joining } = await pair(kafka)
      const [one, two] = await Promise.all([first.joinOnce(), joining])
      const [leader, follower] = first.leads ? [first, second] : [second, first]
      const waiting = follower.sync()
      const all = [first, second].map(({ memberId }) => ({
        memberId,
        assignment: Buffer.from(memberId),
      }))
      const answers = [await leader.sync(all), await waiting]
      return {
        lists: [one.members.length, two.members.length].sort(),
        assigned: [leader, follower].map(
          ({ memberId }, index) => answers[index]?.assignment.toString() === memberId,
        ),
      }
    },
  ),
  scenario(
    'a group whose metadata passes the size of a record: SyncGroup fails with -1',
    { join: 0, sync: -1 },
    async (kafka) => {
      const member = await GroupMember.make(kafka, kafka.name('group'), {
        metadata: Buffer.alloc(1_200_000),
      })
      const { errorCode, memberId } = await member.join()
      const sync = await member.sync([{ memberId, assignment: Buffer.from('a') }])
      return { join: errorCode, sync: sync.errorCode }
    },
  ),
  scenario(
    'groups that are not there, and groups that cannot be deleted',
    { heartbeat: 25, described: [0, 'Dead'], describedSix: 69, missing: 69, alive: 68, empty: 0 },
    async (kafka) => {
      const group = kafka.name('group')
      const unknown = kafka.name('unknown')
      const member = await (await GroupMember.make(kafka, group)).become()
      const remove = async (name: string) =>
        (await kafka.call(deleteGroups, 1, { groupsNames: [name] })).results[0]?.errorCode
      const { groups: five } = await kafka.call(describeGroups, 5, { groups: [unknown] })
      const { groups: six } = await kafka.call(describeGroups, 6, { groups: [unknown] })
      const beat = await kafka.call(heartbeat, 3, {
        groupId: unknown,
        generationId: 1,
        memberId: 'm',
      })
      const missing = await remove(unknown)
      const alive = await remove(group)
      await member.leave()
      return {
        heartbeat: beat.errorCode,
        described: [five[0]?.errorCode, five[0]?.groupState],
        describedSix: six[0]?.errorCode,
        missing,
        alive,
        empty: await remove(group),
      }
    },
  ),
]
