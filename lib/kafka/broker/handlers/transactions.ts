/** Requests to the transaction coordinator. */
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  describeTransactions,
  endTxn,
  initProducerId,
  listTransactions,
} from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Participant, Transaction } from '../transactions/transaction.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'
import { isCoordinator } from './routing.ts'

/** First versions that tell a fenced producer so by a code of its own, and that move the epoch. */
const FENCED_VERSION = 2
const INIT_FENCED_VERSION = 4
const EPOCH_BUMP_VERSION = 5

/** Older clients know 47 for what newer ones are told as 90. */
function fencedAs(code: number, told: boolean): number {
  return code === ErrorCode.PRODUCER_FENCED && !told ? ErrorCode.INVALID_PRODUCER_EPOCH : code
}

export const initProducerIdHandler: Handler = handler(
  initProducerId,
  ({ state, context, version, request }) => {
    const { transactionalId } = request
    if (transactionalId !== null && !isCoordinator(state, context, transactionalId))
      return { errorCode: ErrorCode.NOT_COORDINATOR }
    const answer = state.transactions.init(request)
    return { ...answer, errorCode: fencedAs(answer.errorCode, version >= INIT_FENCED_VERSION) }
  },
)

export const addPartitionsToTxnHandler: Handler = handler(
  addPartitionsToTxn,
  ({ state, context, version, request }) => {
    const { transactionalId, producerId, producerEpoch, topics } = request
    const participants = topics.flatMap(({ name, partitions }) =>
      partitions.map((partition): Participant => ({ kind: 'partition', topic: name, partition })),
    )
    const answer = (codeOf: (topic: string, partition: number) => number) => ({
      resultsByTopic: topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: codeOf(name, partitionIndex),
        })),
      })),
    })
    if (!isCoordinator(state, context, transactionalId))
      return answer(() => ErrorCode.NOT_COORDINATOR)
    const isKnown = (topic: string, partition: number): boolean =>
      state.topics.partition(topic, partition) !== undefined
    if (participants.some((one) => one.kind === 'partition' && !isKnown(one.topic, one.partition)))
      return answer((topic, partition) =>
        isKnown(topic, partition)
          ? ErrorCode.OPERATION_NOT_ATTEMPTED
          : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      )
    const code = state.transactions.add(transactionalId, producerId, producerEpoch, participants)
    return answer(() => fencedAs(code, version >= FENCED_VERSION))
  },
)

export const addOffsetsToTxnHandler: Handler = handler(
  addOffsetsToTxn,
  ({ state, context, version, request }) => {
    const { transactionalId, producerId, producerEpoch, groupId } = request
    if (!isCoordinator(state, context, transactionalId))
      return { errorCode: ErrorCode.NOT_COORDINATOR }
    const code = state.transactions.add(transactionalId, producerId, producerEpoch, [
      { kind: 'offsets', groupId },
    ])
    return { errorCode: fencedAs(code, version >= FENCED_VERSION) }
  },
)

export const endTxnHandler: Handler = handler(endTxn, ({ state, context, version, request }) => {
  const { transactionalId, producerId, producerEpoch, committed } = request
  if (!isCoordinator(state, context, transactionalId))
    return { errorCode: ErrorCode.NOT_COORDINATOR }
  const answer = state.transactions.end(transactionalId, {
    producerId,
    producerEpoch,
    commit: committed,
    bumpsEpoch: version >= EPOCH_BUMP_VERSION,
  })
  return { ...answer, errorCode: fencedAs(answer.errorCode, version >= FENCED_VERSION) }
})

export const describeTransactionsHandler: Handler = handler(
  describeTransactions,
  ({ state, context, request }) => ({
    transactionStates: request.transactionalIds.map((id) => {
      const transaction = state.transactions.get(id)
      if (!isCoordinator(state, context, id)) return unknown(id, ErrorCode.NOT_COORDINATOR)
      return transaction === undefined
        ? unknown(id, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
        : described(transaction)
    }),
  }),
)

function unknown(transactionalId: string, errorCode: number) {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}

function described(transaction: Transaction) {
  const topics = new Map<string, number[]>()
  for (const one of transaction.participants.values()) {
    const topic = one.kind === 'partition' ? one.topic : '__consumer_offsets'
    const partition = one.kind === 'partition' ? one.partition : 0
    topics.set(topic, [...(topics.get(topic) ?? []), partition])
  }
  return {
    errorCode: ErrorCode.NONE,
    transactionalId: transaction.id,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startedAtMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.epoch,
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  }
}

const STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
]

export const listTransactionsHandler: Handler = handler(
  listTransactions,
  ({ state, context, request }) => {
    const { stateFilters, producerIdFilters, durationFilter } = request
    const now = state.clock.now()
    const listed = [...state.transactions.transactions].filter(
      (one) =>
        isCoordinator(state, context, one.id) &&
        (stateFilters.length === 0 || stateFilters.includes(one.state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(one.producerId)) &&
        (durationFilter < 0 || (one.startedAtMs >= 0 && now - one.startedAtMs > durationFilter)),
    )
    return {
      errorCode: ErrorCode.NONE,
      unknownStateFilters: stateFilters.filter((name) => !STATES.includes(name)),
      transactionStates: listed.map((one) => ({
        transactionalId: one.id,
        producerId: one.producerId,
        transactionState: one.state,
      })),
    }
  },
)
