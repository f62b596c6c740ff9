/** Committed offsets: plain and transactional commits, reads, deletion. */
import { offsetCommit, offsetDelete, offsetFetch, txnOffsetCommit } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerState } from '../broker-state.ts'
import type { CommittedOffset, OffsetProducer } from '../groups/group-offsets.ts'
import { subscribedTopics } from '../groups/subscribed-topics.ts'
import type { GateMode } from '../transactions/transaction-gate.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'
import { isCoordinator } from './routing.ts'

/** First versions of TxnOffsetCommit that know 120 and that add the group to the transaction. */
const ABORTABLE_VERSION = 4
const IMPLICIT_VERSION = 5
/** First version of OffsetFetch with several groups. */
const GROUPS_VERSION = 8

interface OffsetOf {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

interface OffsetsOfTopic {
  readonly name: string
  readonly partitions: readonly OffsetOf[]
}

function eachPartition(
  topics: readonly OffsetsOfTopic[],
  codeOf: (topic: string, offset: OffsetOf) => number,
) {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((offset) => ({
      partitionIndex: offset.partitionIndex,
      errorCode: codeOf(name, offset),
    })),
  }))
}

function store(
  state: BrokerState,
  groupId: string,
  topic: string,
  offset: OffsetOf,
  producer?: OffsetProducer,
): number {
  const { partitionIndex: partition } = offset
  if (state.topics.partition(topic, partition) === undefined)
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return state.groups.commit(
    groupId,
    {
      topic,
      partition,
      offset: offset.committedOffset,
      leaderEpoch: offset.committedLeaderEpoch,
      metadata: offset.committedMetadata ?? '',
    },
    producer,
  )
}

export const offsetCommitHandler: Handler = handler(offsetCommit, ({ state, context, request }) => {
  const { groupId, memberId, groupInstanceId, topics } = request
  const generationId = request.generationIdOrMemberEpoch
  const problem = isCoordinator(state, context, groupId)
    ? state.groups.commitProblem({ groupId, generationId, memberId, groupInstanceId }, false)
    : ErrorCode.NOT_COORDINATOR
  return {
    topics: eachPartition(topics, (topic, offset) =>
      problem === ErrorCode.NONE ? store(state, groupId, topic, offset) : problem,
    ),
  }
})

export const txnOffsetCommitHandler: Handler = handler(
  txnOffsetCommit,
  async ({ state, context, version, request }) => {
    const { groupId, transactionalId, topics } = request
    if (!isCoordinator(state, context, groupId))
      return { topics: eachPartition(topics, () => ErrorCode.NOT_COORDINATOR) }
    const known = (topic: string, { partitionIndex }: OffsetOf): boolean =>
      state.topics.partition(topic, partitionIndex) !== undefined
    const any = topics.some(({ name, partitions }) => partitions.some((one) => known(name, one)))
    const mode: GateMode =
      version >= IMPLICIT_VERSION
        ? 'add'
        : version >= ABORTABLE_VERSION
          ? 'abortable'
          : 'invalid-state'
    // A request without partitions is answered without any check, and so is one whose transaction
    // has offsets here that its marker has not reached, even when it was decided.
    const entered =
      any && state.groups.get(groupId)?.offsets.isOpen(request) !== true
        ? await state.gate.enter(transactionalId, request, { kind: 'offsets', groupId }, mode)
        : ErrorCode.NONE
    const problem =
      entered === ErrorCode.NONE && any ? state.groups.commitProblem(request, true) : entered
    return {
      topics: eachPartition(topics, (topic, offset) => {
        if (!known(topic, offset)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return problem === ErrorCode.NONE ? store(state, groupId, topic, offset, request) : problem
      }),
    }
  },
)

interface TopicsAsked {
  readonly groupId: string
  readonly topics:
    | readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[]
    | null
}

export const offsetFetchHandler: Handler = handler(
  offsetFetch,
  ({ state, context, version, request }) => {
    const { requireStable } = request
    const answerOf = (asked: TopicsAsked) =>
      isCoordinator(state, context, asked.groupId)
        ? { errorCode: ErrorCode.NONE, topics: fetchOffsets(state, asked, requireStable) }
        : { errorCode: ErrorCode.NOT_COORDINATOR, topics: [] }
    if (version < GROUPS_VERSION) return answerOf(request)
    return {
      groups: request.groups.map((asked) => ({ groupId: asked.groupId, ...answerOf(asked) })),
    }
  },
)

function fetchOffsets(state: BrokerState, asked: TopicsAsked, requireStable: boolean) {
  const offsets = state.groups.get(asked.groupId)?.offsets
  const topics = asked.topics ?? allTopics(offsets?.all ?? [])
  return topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const unstable = requireStable && offsets?.isUnstable(name, partitionIndex) === true
      const found = unstable ? undefined : offsets?.get(name, partitionIndex)
      const errorCode = unstable ? ErrorCode.UNSTABLE_OFFSET_COMMIT : ErrorCode.NONE
      return { partitionIndex, ...told(found), errorCode }
    }),
  }))
}

function told(found: CommittedOffset | undefined) {
  return {
    committedOffset: found?.offset ?? -1,
    committedLeaderEpoch: found?.leaderEpoch ?? -1,
    metadata: found?.metadata ?? '',
  }
}

function allTopics(offsets: readonly { readonly topic: string; readonly partition: number }[]) {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of offsets)
    topics.set(topic, [...(topics.get(topic) ?? []), partition])
  return [...topics].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
}

export const offsetDeleteHandler: Handler = handler(offsetDelete, ({ state, context, request }) => {
  const { groupId, topics } = request
  if (!isCoordinator(state, context, groupId))
    return { errorCode: ErrorCode.NOT_COORDINATOR, topics: [] }
  const known = state.groups.get(groupId)
  if (known === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] }
  const subscribed = subscribedTopics(known.group)
  if (subscribed === undefined) return { errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] }
  const remove = (topic: string, partition: number): number => {
    if (subscribed.has(topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
    known.offsets.forget((one) => one.topic === topic && one.partition === partition)
    return ErrorCode.NONE
  }
  return {
    errorCode: ErrorCode.NONE,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: remove(name, partitionIndex),
      })),
    })),
  }
})
