/**
 * One way into a generation: JoinGroup, on the leader the assignment, SyncGroup.
 *
 * Both are sent on the join lane, where they may stay unanswered for the whole rebalance timeout.
 * Not concerned with what happens within a generation.
 */
import { ConfigError } from '../../core/errors.ts'
import { joinGroup, syncGroup } from '../protocol/apis.ts'
import type { ResponseOf } from '../protocol/message-table.ts'
import { askCoordinator } from './coordinator-request.ts'
import { failureOf } from './failures.ts'
import type { GroupFence } from './group-fence.ts'
import type { GroupMember, GroupSessionOptions, Joined } from './group-options.ts'
import type { Reaction } from './reactions.ts'
import { reactionTo } from './reactions.ts'

const PROTOCOL_TYPE = 'consumer'
const PROTOCOL = 'millrace'
/** A join is answered when the last member has come or the rebalance timeout has passed. */
const ANSWER_MARGIN_MS = 10_000
/** SyncGroup fails near 1 MB, with a code that says nothing; subscriptions count as well. */
const MAX_GROUP_METADATA_BYTES = 500_000
const REJOIN_WAIT_MS = 50

type JoinAnswer = ResponseOf<typeof joinGroup>

export class GroupJoin {
  readonly #options: GroupSessionOptions
  readonly #signal: AbortSignal
  /** Called when the generation begins and only SyncGroup is missing: heartbeats may start. */
  readonly #onGeneration: (fence: GroupFence) => void
  /** Empty: the broker gives one. */
  memberId = ''

  constructor(
    options: GroupSessionOptions,
    signal: AbortSignal,
    onGeneration: (fence: GroupFence) => void,
  ) {
    this.#options = options
    this.#signal = signal
    this.#onGeneration = onGeneration
  }

  /** Repeated until it succeeds; throws what cannot be cured by repeating. */
  async run(): Promise<Joined> {
    for (;;) {
      const answer = await this.#join()
      if (answer === undefined) continue
      const fence = {
        groupId: this.#options.groupId,
        generation: answer.generationId,
        memberId: answer.memberId,
        instanceId: this.#options.instanceId,
      }
      this.#onGeneration(fence)
      const isLeader = answer.leader === answer.memberId
      // A static leader that came back is told to leave the assignment as it is.
      const leads = isLeader && !answer.skipAssignment
      const assignments = leads ? await this.#assign(answer) : []
      const assignment = await this.#sync(fence, assignments)
      if (assignment !== undefined) return { fence, assignment, isLeader }
    }
  }

  /** Undefined: again, perhaps under another member id. */
  async #join(): Promise<JoinAnswer | undefined> {
    const { client, groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const { answer, code } = await askCoordinator(client, {
      kind: 'group',
      key: groupId,
      api: joinGroup,
      lane: 'join',
      request: {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.memberId,
        groupInstanceId: instanceId ?? null,
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: PROTOCOL, metadata: this.#options.subscription() }],
      },
      codes: ({ errorCode }) => [errorCode],
      call: { timeoutMs: rebalanceTimeoutMs + ANSWER_MARGIN_MS, minVersion: 5 },
      patienceMs: Infinity,
      signal: this.#signal,
    })
    const reaction = reactionTo(code)
    if (reaction === 'none' || reaction === 'identify') this.memberId = answer.memberId
    if (reaction === 'none') return answer
    await this.#prepareAgain(reaction, code, `JoinGroup of ${groupId}`)
    return undefined
  }

  /** Undefined: the generation is over before it began. */
  async #sync(
    fence: GroupFence,
    assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[],
  ): Promise<Buffer | undefined> {
    const { client, groupId, instanceId, rebalanceTimeoutMs } = this.#options
    const { answer, code } = await askCoordinator(client, {
      kind: 'group',
      key: groupId,
      api: syncGroup,
      lane: 'join',
      request: {
        groupId,
        generationId: fence.generation,
        memberId: fence.memberId,
        groupInstanceId: instanceId ?? null,
        protocolType: PROTOCOL_TYPE,
        protocolName: PROTOCOL,
        assignments,
      },
      codes: ({ errorCode }) => [errorCode],
      call: { timeoutMs: rebalanceTimeoutMs + ANSWER_MARGIN_MS, minVersion: 3 },
      patienceMs: Infinity,
      signal: this.#signal,
    })
    const reaction = reactionTo(code)
    if (reaction === 'none') return answer.assignment
    await this.#prepareAgain(reaction, code, `SyncGroup of ${groupId}`)
    return undefined
  }

  /** Returns when joining again may help, throws the code otherwise. */
  async #prepareAgain(reaction: Reaction, code: number, what: string): Promise<void> {
    switch (reaction) {
      case 'identify':
        return
      case 'forgotten':
        this.memberId = ''
        return
      case 'rejoin':
      case 'stale':
        return this.#options.clock.sleep(REJOIN_WAIT_MS, this.#signal)
      default:
        throw failureOf(code, what)
    }
  }

  async #assign(
    answer: JoinAnswer,
  ): Promise<readonly { readonly memberId: string; readonly assignment: Buffer }[]> {
    const members: GroupMember[] = answer.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId ?? undefined,
      subscription: member.metadata,
    }))
    const assigned = await this.#options.assign(members)
    let bytes = 0
    const assignments = members.map(({ memberId, subscription }) => {
      const assignment = assigned.get(memberId) ?? Buffer.alloc(0)
      bytes += subscription.length + assignment.length
      return { memberId, assignment }
    })
    if (bytes <= MAX_GROUP_METADATA_BYTES) return assignments
    throw new ConfigError(
      'INVALID_OPTION',
      `the subscriptions and assignments of group ${this.#options.groupId} are ${bytes} bytes, and Kafka fails near 1 MB: use fewer partitions or instances under one applicationId`,
    )
  }
}
