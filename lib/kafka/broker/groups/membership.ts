/** What members ask of their group: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. */
import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import { uuid } from '../../../core/random.ts'
import type { heartbeat, joinGroup, syncGroup } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { RequestOf } from '../../protocol/message-table.ts'
import type { BrokerSettings } from '../settings.ts'
import type { Group, JoinAnswer, Member, SyncAnswer } from './group.ts'
import { NO_BYTES, sameProtocols } from './group.ts'
import type { Rebalance } from './rebalance.ts'
import { failSyncs, joinAnswer, refuseJoin, refuseSync } from './rebalance.ts'

type JoinRequest = RequestOf<typeof joinGroup>

/** Who asks, by the header of the request and its connection. */
export interface GroupClient {
  readonly clientId: string
  readonly clientHost: string
}

/** First versions of JoinGroup in which a new member joins twice, and an assignment can be skipped. */
const MEMBER_ID_VERSION = 4
const SKIP_ASSIGNMENT_VERSION = 9

export class Membership {
  readonly #clock: Clock
  readonly #random: Random
  readonly #settings: BrokerSettings
  readonly #rebalance: Rebalance

  constructor(o: {
    clock: Clock
    random: Random
    settings: BrokerSettings
    rebalance: Rebalance
  }) {
    this.#clock = o.clock
    this.#random = o.random
    this.#settings = o.settings
    this.#rebalance = o.rebalance
  }

  /** Resolves when the generation is there, or at once with a refusal. */
  join(
    group: Group,
    request: JoinRequest,
    client: GroupClient,
    version: number,
  ): JoinAnswer | Promise<JoinAnswer> {
    const { memberId, groupInstanceId } = request
    const refuse = (code: number): JoinAnswer => refuseJoin(code, version, memberId)
    if (!group.accepts(request.protocolType, request.protocols))
      return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (memberId === '') return this.#joinNew(group, request, client, version)
    if (group.pending.has(memberId) && groupInstanceId === null)
      return this.#addMember(group, request, client, version, memberId)
    const member = group.members.get(memberId)
    const code = identityProblem(group, memberId, groupInstanceId)
    if (code !== ErrorCode.NONE || member === undefined) return refuse(code)
    return this.#joinAgain(group, member, request, version)
  }

  sync(group: Group, request: RequestOf<typeof syncGroup>): SyncAnswer | Promise<SyncAnswer> {
    const code = memberProblem(group, request)
    const member = group.members.get(request.memberId)
    if (code !== ErrorCode.NONE || member === undefined) return refuseSync(code)
    const otherProtocol =
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== group.protocolName)
    if (otherProtocol) return refuseSync(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (group.state === 'PreparingRebalance') return refuseSync(ErrorCode.REBALANCE_IN_PROGRESS)
    group.unsynced.delete(member.memberId)
    if (group.state === 'Stable') {
      this.#rebalance.touch(group, member)
      return syncAnswer(group, member)
    }
    return new Promise((resolve) => {
      member.answerSync = resolve
      if (group.leaderId === member.memberId) this.#assign(group, request.assignments)
    })
  }

  /** A code. */
  heartbeat(group: Group, request: RequestOf<typeof heartbeat>): number {
    const code = memberProblem(group, request)
    const member = group.members.get(request.memberId)
    if (code !== ErrorCode.NONE || member === undefined) return code
    this.#rebalance.touch(group, member)
    return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** A code. A static member may be named by its instance id alone. */
  leave(group: Group, memberId: string, instanceId: string | null): number {
    if (group.pending.has(memberId)) {
      group.pending.get(memberId)?.cancel()
      group.pending.delete(memberId)
      this.#rebalance.completeIfAllJoined(group)
      return ErrorCode.NONE
    }
    const named = memberId === '' && instanceId !== null ? group.statics.get(instanceId) : memberId
    const code = identityProblem(group, named ?? '', instanceId)
    const member = group.members.get(named ?? '')
    if (code !== ErrorCode.NONE || member === undefined) return code
    this.#rebalance.remove(group, member)
    return ErrorCode.NONE
  }

  #joinNew(
    group: Group,
    request: JoinRequest,
    client: GroupClient,
    version: number,
  ): JoinAnswer | Promise<JoinAnswer> {
    const { groupInstanceId } = request
    const memberId = `${groupInstanceId ?? client.clientId}-${uuid(this.#random)}`
    const replaced = groupInstanceId === null ? undefined : group.statics.get(groupInstanceId)
    const old = group.members.get(replaced ?? '')
    if (old !== undefined)
      return this.#replaceStatic(group, old, request, client, version, memberId)
    if (groupInstanceId !== null || version < MEMBER_ID_VERSION)
      return this.#addMember(group, request, client, version, memberId)
    const forget = this.#clock.timer(this.#settings.newMemberTimeoutMs, () => {
      group.pending.delete(memberId)
      this.#rebalance.completeIfAllJoined(group)
    })
    group.pending.set(memberId, forget)
    return refuseJoin(ErrorCode.MEMBER_ID_REQUIRED, version, memberId)
  }

  #addMember(
    group: Group,
    request: JoinRequest,
    client: GroupClient,
    version: number,
    memberId: string,
  ): Promise<JoinAnswer> {
    const member = newMember(request, client, memberId)
    group.protocolType = request.protocolType
    group.add(member)
    return this.#wait(group, member, version, () => this.#rebalance.begin(group))
  }

  #joinAgain(
    group: Group,
    member: Member,
    request: JoinRequest,
    version: number,
  ): JoinAnswer | Promise<JoinAnswer> {
    const same = sameProtocols(member.protocols, request.protocols)
    const keeps =
      group.state === 'CompletingRebalance' ||
      (group.state === 'Stable' && group.leaderId !== member.memberId)
    if (same && keeps) {
      // It may have missed the answer to its first attempt.
      this.#rebalance.touch(group, member)
      return joinAnswer(group, member)
    }
    update(member, request)
    return this.#wait(group, member, version, () => this.#rebalance.begin(group))
  }

  /** The instance has started again: its old member id is fenced, its assignment stays. */
  #replaceStatic(
    group: Group,
    old: Member,
    request: JoinRequest,
    client: GroupClient,
    version: number,
    memberId: string,
  ): JoinAnswer | Promise<JoinAnswer> {
    const oldLeader = group.leaderId
    const member = newMember(request, client, memberId)
    member.assignment = old.assignment
    const led = oldLeader === old.memberId
    group.remove(old)
    old.answerJoin?.(refuseJoin(ErrorCode.FENCED_INSTANCE_ID, old.joinVersion, old.memberId))
    old.answerSync?.(refuseSync(ErrorCode.FENCED_INSTANCE_ID))
    group.add(member)
    if (led) group.leaderId = memberId
    if (group.state === 'Stable' && group.selectProtocol() === group.protocolName) {
      this.#rebalance.touch(group, member)
      if (version >= SKIP_ASSIGNMENT_VERSION)
        return { ...joinAnswer(group, member), skipAssignment: led }
      // Older clients would assign if they were told that they lead.
      return { ...joinAnswer(group, member), leader: oldLeader ?? '', members: [] }
    }
    return this.#wait(group, member, version, () => this.#rebalance.begin(group))
  }

  #wait(group: Group, member: Member, version: number, then: () => void): Promise<JoinAnswer> {
    return new Promise((resolve) => {
      member.answerJoin = resolve
      member.joinVersion = version
      this.#rebalance.touch(group, member)
      then()
    })
  }

  #assign(group: Group, assignments: RequestOf<typeof syncGroup>['assignments']): void {
    for (const member of group.members.values())
      member.assignment =
        assignments.find(({ memberId }) => memberId === member.memberId)?.assignment ?? NO_BYTES
    if (group.bytes > this.#settings.maxGroupBytes) {
      failSyncs(group, ErrorCode.UNKNOWN_SERVER_ERROR)
      this.#rebalance.begin(group)
      return
    }
    this.#rebalance.stabilize(group)
    for (const member of group.members.values()) {
      const { answerSync } = member
      member.answerSync = undefined
      if (answerSync === undefined) continue
      this.#rebalance.touch(group, member)
      answerSync(syncAnswer(group, member))
    }
  }
}

/** Whether member and instance belong to each other and to the group. A code. */
export function identityProblem(group: Group, memberId: string, instanceId: string | null): number {
  if (instanceId !== null) {
    const owner = group.statics.get(instanceId)
    if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (owner !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
}

function memberProblem(
  group: Group,
  request: {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly generationId: number
  },
): number {
  const code = identityProblem(group, request.memberId, request.groupInstanceId)
  if (code !== ErrorCode.NONE) return code
  return request.generationId === group.generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
}

function newMember(request: JoinRequest, client: GroupClient, memberId: string): Member {
  return {
    memberId,
    instanceId: request.groupInstanceId,
    clientId: client.clientId,
    clientHost: client.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutOf(request),
    protocols: request.protocols,
    assignment: NO_BYTES,
    answerJoin: undefined,
    joinVersion: 0,
    answerSync: undefined,
    deadlineMs: 0,
    session: undefined,
  }
}

function update(member: Member, request: JoinRequest): void {
  member.sessionTimeoutMs = request.sessionTimeoutMs
  member.rebalanceTimeoutMs = rebalanceTimeoutOf(request)
  member.protocols = request.protocols
}

/** JoinGroup 0 has none. */
function rebalanceTimeoutOf(request: JoinRequest): number {
  return request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
}

function syncAnswer(group: Group, member: Member): SyncAnswer {
  const { protocolType, protocolName } = group
  return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment: member.assignment }
}
