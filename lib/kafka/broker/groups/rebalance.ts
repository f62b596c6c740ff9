/**
 * The phases of a rebalance: members join until all are there or the time is up, the leader assigns,
 * members that stay silent are left behind.
 *
 *   Empty, Stable, CompletingRebalance → PreparingRebalance → CompletingRebalance → Stable
 */
import type { Clock, Timer } from '../../../core/clock.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Group, JoinAnswer, Member, SyncAnswer } from './group.ts'
import { NO_BYTES } from './group.ts'

/** JoinGroup from 9 on can tell a leader to leave the assignment alone; from 7 on a name may be null. */
const NULL_NAME_VERSION = 7

export class Rebalance {
  readonly #clock: Clock
  readonly #initialDelayMs: number
  /** Called when a group came to rest, empty or with a new assignment. */
  readonly #settled: (group: Group) => void

  constructor(o: { clock: Clock; initialDelayMs: number; settled: (group: Group) => void }) {
    this.#clock = o.clock
    this.#initialDelayMs = o.initialDelayMs
    this.#settled = o.settled
  }

  /** Asks all members to join again; or goes on with what is under way. */
  begin(group: Group): void {
    if (group.state !== 'PreparingRebalance') {
      group.gathering = group.state === 'Empty' && this.#initialDelayMs > 0
      failSyncs(group, ErrorCode.REBALANCE_IN_PROGRESS)
      group.unsynced.clear()
      group.state = 'PreparingRebalance'
      const limitMs = group.gathering ? this.#initialDelayMs : group.rebalanceTimeoutMs
      this.#nextPhase(group, limitMs, () => this.#complete(group))
    }
    this.completeIfAllJoined(group)
  }

  completeIfAllJoined(group: Group): void {
    if (group.state !== 'PreparingRebalance' || group.gathering || group.pending.size > 0) return
    const all = [...group.members.values()].every(({ answerJoin }) => answerJoin !== undefined)
    if (all) this.#complete(group)
  }

  /** The leader has assigned. */
  stabilize(group: Group): void {
    group.phase?.cancel()
    group.state = 'Stable'
    this.#settled(group)
  }

  /** Takes a member out and goes on without it. */
  remove(group: Group, member: Member, code: number = ErrorCode.UNKNOWN_MEMBER_ID): void {
    group.remove(member)
    member.answerJoin?.(refuseJoin(code, member.joinVersion, member.memberId))
    member.answerSync?.(refuseSync(code))
    if (group.state === 'PreparingRebalance') this.completeIfAllJoined(group)
    else if (group.state !== 'Empty') this.begin(group)
  }

  /** A sign of life: the session begins anew. */
  touch(group: Group, member: Member): void {
    member.deadlineMs = this.#clock.monotonic() + member.sessionTimeoutMs
    if (member.session === undefined) this.#watch(group, member, member.sessionTimeoutMs)
  }

  #watch(group: Group, member: Member, delayMs: number): void {
    member.session = this.#clock.timer(Math.ceil(delayMs), () => {
      const leftMs = member.deadlineMs - this.#clock.monotonic()
      const waits = member.answerJoin !== undefined || member.answerSync !== undefined
      if (leftMs > 0) this.#watch(group, member, leftMs)
      else if (waits) this.#watch(group, member, member.sessionTimeoutMs)
      else if (group.members.get(member.memberId) === member) this.remove(group, member)
    })
  }

  #complete(group: Group): void {
    group.gathering = false
    for (const member of [...group.members.values()])
      if (member.answerJoin === undefined && member.instanceId === null) group.remove(member)
    const joined = [...group.members.values()].filter((one) => one.answerJoin !== undefined)
    if (group.members.size === 0) this.#becomeEmpty(group)
    else if (joined.length > 0) this.#beginGeneration(group, joined)
    // Static members alone, none of which came: they have until their sessions end.
    else this.#nextPhase(group, group.rebalanceTimeoutMs, () => this.#complete(group))
  }

  #beginGeneration(group: Group, joined: readonly Member[]): void {
    if (!joined.some(({ memberId }) => memberId === group.leaderId))
      group.leaderId = joined[0]?.memberId ?? null
    group.generation++
    group.state = 'CompletingRebalance'
    group.protocolName = group.selectProtocol()
    for (const member of joined) {
      group.unsynced.add(member.memberId)
      this.touch(group, member)
      const { answerJoin } = member
      member.answerJoin = undefined
      answerJoin?.(joinAnswer(group, member))
    }
    this.#nextPhase(group, group.rebalanceTimeoutMs, () => this.#dropUnsynced(group))
  }

  #becomeEmpty(group: Group): void {
    group.phase?.cancel()
    group.generation++
    group.state = 'Empty'
    group.protocolName = null
    group.emptySinceMs = this.#clock.now()
    this.#settled(group)
  }

  #dropUnsynced(group: Group): void {
    for (const memberId of group.unsynced) {
      const member = group.members.get(memberId)
      if (member !== undefined) group.remove(member)
    }
    this.begin(group)
  }

  #nextPhase(group: Group, limitMs: number, end: () => void): void {
    group.phase?.cancel()
    const phase: Timer = this.#clock.timer(limitMs, end)
    group.phase = phase
  }
}

/** Answers all SyncGroups that wait. */
export function failSyncs(group: Group, code: number): void {
  for (const member of group.members.values()) {
    member.assignment = NO_BYTES
    const { answerSync } = member
    member.answerSync = undefined
    answerSync?.(refuseSync(code))
  }
}

/** Of the generation that the group is in. */
export function joinAnswer(group: Group, member: Member): JoinAnswer {
  const leads = group.leaderId === member.memberId
  return {
    errorCode: ErrorCode.NONE,
    generationId: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    memberId: member.memberId,
    members: leads ? group.described() : [],
  }
}

export function refuseJoin(errorCode: number, version: number, memberId: string): JoinAnswer {
  const protocolName = version >= NULL_NAME_VERSION ? null : ''
  return { errorCode, generationId: -1, protocolName, leader: '', memberId, members: [] }
}

export function refuseSync(errorCode: number): SyncAnswer {
  return { errorCode, assignment: NO_BYTES }
}
