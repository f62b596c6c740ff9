/** What a group session is made of, and the values that it deals in. */
import type { Clock } from '../../core/clock.ts'
import type { StreamsError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { GroupFence } from './group-fence.ts'

/** A member as the leader sees it. */
export interface GroupMember {
  readonly memberId: string
  readonly instanceId: string | undefined
  /** Its ConsumerProtocol subscription. */
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
  /** How long the broker waits for us to come back when others join. */
  readonly rebalanceTimeoutMs: number
  /** A third of the session, at most 3 s. */
  readonly heartbeatIntervalMs?: number
  /** The ConsumerProtocol subscription with userData, asked for at each join. */
  readonly subscription: () => Buffer
  /** Called on the leader alone: who gets what, by member id. What it throws, `join` throws. */
  readonly assign: (members: readonly GroupMember[]) => Promise<ReadonlyMap<string, Buffer>>
  /** A heartbeat said that the others are joining: commit with this fence, then `join`. */
  readonly onRebalance: () => void
  /** A heartbeat said that we were replaced: drop everything, commit nothing. Once a generation. */
  readonly onLost: (error: StreamsError) => void
}

/** The outcome of a join. */
export interface Joined {
  readonly fence: GroupFence
  readonly assignment: Buffer
  readonly isLeader: boolean
}
