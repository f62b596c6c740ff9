/** Membership of one group. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { StreamsError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { CommittedOffset, GroupFence, OffsetToCommit } from './group-fence.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface GroupMember {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly subscription: Buffer
}

export interface GroupSessionOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  readonly groupId: string
  /** Makes this a static member: a restart within the session keeps the assignment. */
  readonly instanceId?: string | undefined
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** A third of the session, at most 3 s. */
  readonly heartbeatIntervalMs?: number
  /** The ConsumerProtocol subscription with userData, asked for at each join. */
  readonly subscription: () => Buffer
  /** Called on the leader alone: who gets what, by member id. What it throws, `join` throws. */
  readonly assign: (members: readonly GroupMember[]) => Promise<ReadonlyMap<string, Buffer>>
  /** A heartbeat said that the others are joining: commit with this fence, then `join`. */
  readonly onRebalance: () => void
  /** A heartbeat said that we were replaced: drop everything, commit nothing. Once per generation. */
  readonly onLost: (error: StreamsError) => void
}

export interface Joined {
  readonly fence: GroupFence
  readonly assignment: Buffer
  readonly isLeader: boolean
}

export declare class GroupSession {
  constructor(options: GroupSessionOptions)
  /** Of the present generation; undefined before the first join, while joining, once lost. */
  readonly fence: GroupFence | undefined
  /** Since when (wall clock) `committed` has been held up by an open transaction; else undefined. */
  readonly unstableSince: number | undefined
  join(): Promise<Joined>
  /** With requireStable; waits as long as a transaction is open there, the generation lives and the signal allows. */
  committed(
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<readonly CommittedOffset[]>
  /** Plain OffsetCommit. An answer that never came is a TaskMigratedError: rejoin before processing. */
  commit(fence: GroupFence, offsets: readonly OffsetToCommit[]): Promise<void>
  /** One now, repeated until answered. Throws TaskMigratedError when we were replaced. */
  heartbeat(): Promise<void>
  /** Dynamic members leave the group; static ones only stop. */
  leave(): Promise<void>
  close(): Promise<void>
}
