/** Groups of the classic protocol: joining, rebalances, assignments, dynamic members. */
import { deleteGroups, describeGroups, heartbeat } from '../../lib/kafka/protocol/apis.ts'
import { GroupMember, pair, settle, stateOf } from './group-calls.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'

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
