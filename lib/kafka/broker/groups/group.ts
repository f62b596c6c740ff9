/** A group of the classic protocol: its state, its members, and what follows from them alone. */
import type { Timer } from '../../../core/clock.ts'
import type { joinGroup, syncGroup } from '../../protocol/apis.ts'
import type { ResponseInput } from '../../protocol/message-table.ts'

/** Kafka's names. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

export type JoinAnswer = ResponseInput<typeof joinGroup>
export type SyncAnswer = ResponseInput<typeof syncGroup>

export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface Member {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly Protocol[]
  assignment: Buffer
  /** Answers the JoinGroup that waits for the generation. */
  answerJoin: ((answer: JoinAnswer) => void) | undefined
  /** Of that request: what its answer may say. */
  joinVersion: number
  answerSync: ((answer: SyncAnswer) => void) | undefined
  /** When it is taken for dead, on the monotonic clock. */
  deadlineMs: number
  session: Timer | undefined
}

export const NO_BYTES: Buffer = Buffer.alloc(0)

export class Group {
  readonly id: string
  state: GroupState = 'Empty'
  generation = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  readonly members: Map<string, Member> = new Map()
  /** Member ids that were given out and have not joined yet. */
  readonly pending: Map<string, Timer> = new Map()
  /** Member ids by instance id. */
  readonly statics: Map<string, string> = new Map()
  /** Members that this generation has not heard of since they joined it. */
  readonly unsynced: Set<string> = new Set()
  /** Ends the phase of the rebalance that is under way. */
  phase: Timer | undefined
  /** Whether the first generation is put off for more members. */
  gathering = false
  /** Wall-clock time since which it is empty. */
  emptySinceMs = 0

  constructor(id: string, nowMs: number) {
    this.id = id
    this.emptySinceMs = nowMs
  }

  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs))
  }

  /** Whether a member with these protocols may be in the group. */
  accepts(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.members.size === 0) return true
    return this.protocolType === protocolType && protocols.some(({ name }) => this.#allSpeak(name))
  }

  /** The protocol that all speak and most prefer; ties fall to the leader's order of votes. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      const vote = protocols.find(({ name }) => this.#allSpeak(name))?.name ?? ''
      votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ''
  }

  /** What the leader is told of the members. */
  described(): { memberId: string; groupInstanceId: string | null; metadata: Buffer }[] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      metadata: this.metadataOf(member),
    }))
  }

  metadataOf(member: Member): Buffer {
    return member.protocols.find(({ name }) => name === this.protocolName)?.metadata ?? NO_BYTES
  }

  /** Size of the record in which Kafka keeps it all, about. */
  get bytes(): number {
    let sum = 0
    for (const member of this.members.values())
      sum +=
        this.metadataOf(member).length +
        member.assignment.length +
        2 * member.memberId.length +
        member.clientId.length
    return sum
  }

  add(member: Member): void {
    this.members.set(member.memberId, member)
    this.leaderId ??= member.memberId
    if (member.instanceId !== null) this.statics.set(member.instanceId, member.memberId)
    this.pending.get(member.memberId)?.cancel()
    this.pending.delete(member.memberId)
  }

  remove(member: Member): void {
    member.session?.cancel()
    this.members.delete(member.memberId)
    this.unsynced.delete(member.memberId)
    if (member.instanceId !== null && this.statics.get(member.instanceId) === member.memberId)
      this.statics.delete(member.instanceId)
    if (this.leaderId === member.memberId) this.leaderId = [...this.members.keys()][0] ?? null
  }

  #allSpeak(name: string): boolean {
    return [...this.members.values()].every(({ protocols }) =>
      protocols.some((protocol) => protocol.name === name),
    )
  }
}

/** Whether a member that joins again brings what it brought before. */
export function sameProtocols(before: readonly Protocol[], now: readonly Protocol[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ name, metadata }, index) => {
      const other = now[index]
      return other?.name === name && other.metadata.equals(metadata)
    })
  )
}
