/** Static members: instance ids that outlive a restart, and what becomes of the one before. */
import { GroupMember, stateOf } from './group-calls.ts'
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V2 } from './transaction-calls.ts'

/** A static member, and its instance after a restart. */
async function restarted(kafka: RawKafka, version = 5) {
  const group = kafka.name('group')
  const options = { instanceId: 'one', version }
  const old = await (await GroupMember.make(kafka, group, options)).become()
  const now = await GroupMember.make(kafka, group, options)
  const answer = await now.joinOnce()
  return { group, old, now, answer }
}

export const staticMembers: readonly Scenario[] = [
  scenario(
    'a static member joins at once and keeps generation and assignment over a restart',
    { code: 0, generation: [1, 1], other: true, assigned: true, state: 'Stable', leads: false },
    async (kafka) => {
      const { group, old, now, answer } = await restarted(kafka)
      const sync = await now.sync()
      return {
        code: answer.errorCode,
        generation: [old.generationId, now.generationId],
        other: old.memberId !== now.memberId,
        assigned: sync.assignment.toString() === old.memberId,
        state: await stateOf(kafka, group),
        leads: now.leads,
      }
    },
  ),
  scenario(
    'JoinGroup 9 tells a restarted leader to leave the assignment alone',
    { code: 0, skip: true, leads: true, members: 1 },
    async (kafka) => {
      const { now, answer } = await restarted(kafka, 9)
      return {
        code: answer.errorCode,
        skip: answer.skipAssignment,
        leads: now.leads,
        members: answer.members.length,
      }
    },
  ),
  scenario(
    'the one that was replaced: 82 with its instance id, 25 without',
    { heartbeat: 82, commit: 82, join: 82, sync: 82, leave: 82, txn: 82, without: 25 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, old } = await restarted(kafka)
      const tx = new Transactional(kafka, V2)
      return {
        heartbeat: await old.heartbeat(),
        commit: await old.commit(topic, 1),
        join: (await old.joinOnce()).errorCode,
        sync: (await old.sync()).errorCode,
        leave: await old.leave(),
        txn: await tx.commitOffset(await tx.begin(), group, {
          topic,
          offset: 1,
          generationId: old.generationId,
          memberId: old.memberId,
          groupInstanceId: 'one',
        }),
        without: await old.heartbeat({ groupInstanceId: null }),
      }
    },
  ),
  scenario(
    'an instance id that is not known, with a member that is: 25',
    { heartbeat: 25, commit: 25 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { now } = await restarted(kafka)
      return {
        heartbeat: await now.heartbeat({ groupInstanceId: 'two' }),
        commit: await now.commit(topic, 1, { groupInstanceId: 'two' }),
      }
    },
  ),
  scenario(
    'a restart with other metadata does not rebalance either',
    { code: 0, generation: 1, state: 'Stable' },
    async (kafka) => {
      const group = kafka.name('group')
      await (await GroupMember.make(kafka, group, { instanceId: 'one' })).become()
      const now = await GroupMember.make(kafka, group, {
        instanceId: 'one',
        metadata: Buffer.from('other'),
      })
      const { errorCode, generationId } = await now.joinOnce()
      return { code: errorCode, generation: generationId, state: await stateOf(kafka, group) }
    },
  ),
  scenario(
    'a static member can be made to leave by its instance id alone',
    { leave: 0, state: 'Empty', unknown: 25 },
    async (kafka) => {
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group, { instanceId: 'one' })).become()
      return {
        leave: await member.leave({ memberId: '' }),
        state: await stateOf(kafka, group),
        unknown: await member.leave({ memberId: '' }),
      }
    },
  ),
  scenario(
    'a JoinGroup that waits when its instance is replaced: 82',
    { waiting: 82, joined: 0 },
    async (kafka) => {
      const group = kafka.name('group')
      const dynamic = await (await GroupMember.make(kafka, group)).become()
      const first = await GroupMember.make(kafka, group, { instanceId: 'one' })
      const waiting = first.joinOnce()
      await kafka.until(
        () => dynamic.heartbeat(),
        (code) => code === 27,
      )
      const second = await GroupMember.make(kafka, group, { instanceId: 'one' })
      const joining = second.joinOnce()
      const fenced = await waiting
      await dynamic.joinOnce()
      return { waiting: fenced.errorCode, joined: (await joining).errorCode }
    },
  ),
]
