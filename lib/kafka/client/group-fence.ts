/**
 * Who we were when records were read: captured with them and passed down to their commit.
 *
 * Never taken anew at the commit: a process that was replaced would fence itself with the
 * generation of its successor. Generation -1 with an empty member is accepted by a live group and
 * switches fencing off, so it is refused here.
 */
import { FatalError } from '../../core/errors.ts'

export interface GroupFence {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  /** Of a static member. */
  readonly instanceId: string | undefined
}

/** Whether the same member went from one generation straight into the other. */
export function isNext(before: GroupFence | undefined, after: GroupFence): boolean {
  if (before === undefined) return false
  return after.memberId === before.memberId && after.generation === before.generation + 1
}

/** An offset on its way into a commit. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Of the last record before it; -1 or left out: not known. */
  readonly leaderEpoch?: number
  /** At most 4,096 bytes, or the broker refuses this partition. */
  readonly metadata: string
}

/** What the group has committed for a partition. */
export interface CommittedOffset {
  readonly topic: string
  readonly partition: number
  /** -1: none. */
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** Throws when a fence would not fence. */
export function assertFences(fence: GroupFence): void {
  if (fence.generation >= 0 && fence.memberId !== '') return
  throw new FatalError(
    'INTERNAL',
    `offsets of group ${fence.groupId} were about to be committed without a member (generation ${fence.generation}): Kafka would not fence them. This is a bug of millrace, please report it`,
  )
}

/**
 * Of a transaction without offsets: nothing in it is checked against a generation. Nor is a request
 * for offsets of no partition.
 */
export function unfenced(transactionalId: string): FatalError {
  return new FatalError(
    'INTERNAL',
    `a transaction of ${transactionalId} was about to be committed without offsets: Kafka would not fence it. This is a bug of millrace, please report it`,
  )
}
