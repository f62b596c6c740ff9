/**
 * Membership of one group, in the classic protocol: joining, heartbeats, committed offsets.
 *
 * 1. A fence is a value of one generation. While joining there is none.
 * 2. Heartbeats begin with the generation (before SyncGroup, for the leader may take its time) and
 *    run on a timer of their own, on the coordinator lane.
 * 3. What a heartbeat says about an older generation is dropped.
 */
import type { StreamsError } from '../../core/errors.ts'
import { isStreamsError, TaskMigratedError } from '../../core/errors.ts'
import { heartbeat, leaveGroup } from '../protocol/apis.ts'
import { askCoordinator } from './coordinator-request.ts'
import { failureOf, isTransientError, unreachable } from './failures.ts'
import type { CommittedOffset, GroupFence, OffsetToCommit } from './group-fence.ts'
import { GroupJoin } from './group-join.ts'
import { readCommitted, writeCommitted } from './group-offsets.ts'
import type { GroupSessionOptions, Joined } from './group-options.ts'
import { Heartbeats } from './heartbeats.ts'
import { reactionTo } from './reactions.ts'
import type { TopicPartition } from './topic-partition.ts'

export type { GroupMember, GroupSessionOptions, Joined } from './group-options.ts'

const MAX_HEARTBEAT_INTERVAL_MS = 3000
const LEAVE_PATIENCE_MS = 2000

export class GroupSession {
  readonly #options: GroupSessionOptions
  readonly #join: GroupJoin
  readonly #heartbeats: Heartbeats
  readonly #closing = new AbortController()
  /** Of the generation: whatever waits within it ends when it does. */
  #life = new AbortController()
  /** Whose heartbeats go out; before SyncGroup it is not handed out yet. */
  #member: GroupFence | undefined
  #fence: GroupFence | undefined
  #rebalanceTold = false
  #unstableSince: number | undefined

  constructor(options: GroupSessionOptions) {
    this.#options = options
    const interval =
      options.heartbeatIntervalMs ??
      Math.min(options.sessionTimeoutMs / 3, MAX_HEARTBEAT_INTERVAL_MS)
    this.#heartbeats = new Heartbeats(options.clock, interval, () => this.#beat())
    this.#join = new GroupJoin(options, this.#closing.signal, (fence) => {
      this.#member = fence
      this.#rebalanceTold = false
      this.#heartbeats.start()
    })
  }

  /** Of the present generation; undefined before the first join, while joining, once lost. */
  get fence(): GroupFence | undefined {
    return this.#fence
  }

  /** Since when (wall clock) `committed` has been held up by an open transaction. */
  get unstableSince(): number | undefined {
    return this.#unstableSince
  }

  /**
   * Ends the present generation and enters the next, however many attempts that takes. Throws
   * FatalError (`INSTANCE_ID_IN_USE`, authorization), ConfigError, and what `assign` throws.
   */
  async join(): Promise<Joined> {
    this.#endGeneration()
    try {
      const joined = await this.#unlessClosed(this.#join.run())
      this.#fence = joined.fence
      return joined
    } catch (reason) {
      this.#endGeneration()
      throw reason
    }
  }

  /**
   * With requireStable: waits as long as a transaction over these partitions is open, the
   * generation lives and the signal allows; RetriableError `OFFSETS_UNSTABLE` otherwise.
   */
  async committed(
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<readonly CommittedOffset[]> {
    if (partitions.length === 0) return []
    const { client, clock, groupId } = this.#options
    const life = this.#life.signal
    const until = signal === undefined ? life : AbortSignal.any([life, signal])
    try {
      return await this.#within(life, () =>
        readCommitted(client, groupId, partitions, until, (unstable) => {
          if (!unstable) this.#unstableSince = undefined
          else this.#unstableSince ??= clock.now()
        }),
      )
    } finally {
      this.#unstableSince = undefined
    }
  }

  /**
   * Plain OffsetCommit under a fence captured with the records. TaskMigratedError when the group
   * went on, or when the answer was lost: join again before processing.
   */
  async commit(fence: GroupFence, offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return
    const { client } = this.#options
    await this.#within(this.#life.signal, (life) => writeCommitted(client, fence, offsets, life))
  }

  /**
   * One heartbeat now, repeated until it is answered: whether we are still a member. Throws
   * TaskMigratedError when we are not, FatalError `INSTANCE_ID_IN_USE`, RetriableError when nobody
   * answered within the session timeout.
   */
  async heartbeat(): Promise<void> {
    const member = this.#member
    if (member === undefined) throw this.#ended()
    const { code } = await this.#within(this.#life.signal, (life) =>
      askCoordinator(this.#options.client, {
        kind: 'group',
        key: member.groupId,
        api: heartbeat,
        request: heartbeatOf(member),
        codes: ({ errorCode }) => [errorCode],
        patienceMs: this.#options.sessionTimeoutMs,
        signal: life,
      }),
    )
    const lost = this.#hear(member, code)
    if (lost !== undefined) throw lost
  }

  /** Dynamic members leave the group; static ones stay in it until their session ends. */
  async leave(): Promise<void> {
    const { client, groupId, instanceId, logger } = this.#options
    const { memberId } = this.#join
    this.#stop()
    if (memberId === '' || instanceId !== undefined) return
    try {
      await askCoordinator(client, {
        kind: 'group',
        key: groupId,
        api: leaveGroup,
        request: {
          groupId,
          members: [{ memberId, reason: 'the instance stops' }],
        },
        codes: ({ errorCode }) => [errorCode],
        call: { minVersion: 3, timeoutMs: LEAVE_PATIENCE_MS },
        patienceMs: LEAVE_PATIENCE_MS,
      })
    } catch (reason) {
      // Its session runs out all the same, only later.
      logger.debug({ err: reason, groupId }, 'leaving the group was not acknowledged')
    }
  }

  /** Ends heartbeats and whatever waits; the group notices when the session has run out. */
  async close(): Promise<void> {
    this.#stop()
  }

  #stop(): void {
    this.#closing.abort()
    this.#endGeneration()
  }

  #endGeneration(): void {
    this.#heartbeats.stop()
    this.#fence = undefined
    this.#member = undefined
    this.#life.abort()
    this.#life = new AbortController()
    if (this.#closing.signal.aborted) this.#life.abort()
  }

  /** The beat of the timer. */
  async #beat(): Promise<'answered' | 'unanswered'> {
    const member = this.#member
    if (member === undefined) return 'answered'
    const { client, groupId, sessionTimeoutMs } = this.#options
    try {
      const node = await client.coordinator('group', groupId)
      const timeoutMs = Math.min(client.requestTimeoutMs, sessionTimeoutMs / 2)
      const request = heartbeatOf(member)
      const { errorCode } = await client.call(heartbeat, { node }, 'coordinator', request, {
        timeoutMs,
      })
      if (reactionTo(errorCode) === 'refresh') client.forgetCoordinator('group', groupId)
      const lost = this.#hear(member, errorCode)
      if (lost !== undefined) this.#options.onLost(lost)
      return 'answered'
    } catch (reason) {
      client.forgetCoordinator('group', groupId)
      if (isStreamsError(reason) && reason.reaction !== 'retry' && this.#member === member) {
        this.#endGeneration()
        this.#options.onLost(reason)
      }
      return 'unanswered'
    }
  }

  /** Draws the consequences of an answer; returns the error when membership is lost. */
  #hear(member: GroupFence, code: number): StreamsError | undefined {
    if (this.#member !== member) return undefined
    const reaction = reactionTo(code)
    switch (reaction) {
      case 'none':
      case 'retry':
      case 'refresh':
      case 'ambiguous':
        return undefined
      case 'rejoin':
        // Before SyncGroup is answered, that answer says the same.
        if (this.#fence === undefined || this.#rebalanceTold) return undefined
        this.#rebalanceTold = true
        this.#options.onRebalance()
        return undefined
      default:
        // While joining, SyncGroup draws the consequences.
        if (this.#fence === undefined) return undefined
        if (reaction === 'forgotten') this.#join.memberId = ''
        this.#endGeneration()
        return failureOf(code, `a heartbeat of group ${member.groupId}`)
    }
  }

  /** What fails because the generation ended says so. */
  async #within<T>(life: AbortSignal, work: (life: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(life)
    } catch (reason) {
      throw life.aborted && isTransientError(reason) ? this.#ended(reason) : reason
    }
  }

  #ended(cause?: unknown): TaskMigratedError {
    return new TaskMigratedError(
      'GENERATION_ENDED',
      `the generation of group ${this.#options.groupId} is over: join again`,
      { cause },
    )
  }

  /** A parked JoinGroup must not hold up a stop. */
  #unlessClosed<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#closing
    return new Promise((resolve, reject) => {
      const closed = (): void => reject(unreachable('the group session is closed'))
      if (signal.aborted) closed()
      signal.addEventListener('abort', closed)
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', closed))
    })
  }
}

function heartbeatOf(member: GroupFence): {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
} {
  return {
    groupId: member.groupId,
    generationId: member.generation,
    memberId: member.memberId,
    groupInstanceId: member.instanceId ?? null,
  }
}
