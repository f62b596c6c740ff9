/** Looking at logs and cutting them: ListOffsets, OffsetForLeaderEpoch, DeleteRecords, DescribeProducers. */
import {
  deleteRecords,
  describeProducers,
  listOffsets,
  offsetForLeaderEpoch,
} from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerState } from '../broker-state.ts'
import type { PartitionLog, TimedOffset } from '../log/partition-log.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'
import { maintain } from './maintain.ts'
import { ledPartition } from './routing.ts'

const READ_COMMITTED = 1
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4

export const listOffsetsHandler: Handler = handler(listOffsets, ({ state, context, request }) => ({
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, currentLeaderEpoch, timestamp }) => {
      const found = state.topics.partition(name, partitionIndex)
      const led = ledPartition(context, found, currentLeaderEpoch)
      if (typeof led === 'number') return { partitionIndex, errorCode: led }
      maintain(state, led)
      const limit =
        request.isolationLevel === READ_COMMITTED ? led.log.lastStableOffset : led.log.endOffset
      const at = lookUp(led.log, timestamp, limit)
      const leaderEpoch =
        at === undefined
          ? -1
          : timestamp === LATEST
            ? led.leaderEpoch
            : led.log.epochs.at(at.offset)
      return { partitionIndex, errorCode: ErrorCode.NONE, ...at, leaderEpoch }
    }),
  })),
}))

function lookUp(log: PartitionLog, timestamp: number, limit: number): TimedOffset | undefined {
  switch (timestamp) {
    case LATEST:
      return { timestamp: -1, offset: limit }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { timestamp: -1, offset: log.startOffset }
    case MAX_TIMESTAMP:
      return log.maxTimestamp()
    default:
      return log.offsetForTime(timestamp, limit)
  }
}

export const offsetForLeaderEpochHandler: Handler = handler(
  offsetForLeaderEpoch,
  ({ state, context, request }) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const found = state.topics.partition(topic, partition)
        const led = ledPartition(context, found, currentLeaderEpoch)
        if (typeof led === 'number') return { partition, errorCode: led }
        const end = led.log.epochs.endOf(leaderEpoch, led.log.endOffset)
        return { partition, errorCode: ErrorCode.NONE, ...end }
      }),
    })),
  }),
)

export const deleteRecordsHandler: Handler = handler(
  deleteRecords,
  ({ state, context, request }) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const led = ledPartition(context, state.topics.partition(name, partitionIndex))
        if (typeof led === 'number') return { partitionIndex, lowWatermark: -1, errorCode: led }
        const errorCode = led.topic.config.limits.delete
          ? deleteBelow(led.log, offset)
          : ErrorCode.POLICY_VIOLATION
        const lowWatermark = errorCode === ErrorCode.NONE ? led.log.startOffset : -1
        return { partitionIndex, lowWatermark, errorCode }
      }),
    })),
  }),
)

/** Offset -1 is the end. */
function deleteBelow(log: PartitionLog, offset: number): number {
  const before = offset === -1 ? log.endOffset : offset
  if (before < 0 || before > log.endOffset) return ErrorCode.OFFSET_OUT_OF_RANGE
  log.deleteBelow(before)
  return ErrorCode.NONE
}

export const describeProducersHandler: Handler = handler(
  describeProducers,
  ({ state, context, request }) => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const led = ledPartition(context, partitionOf(state, name, partitionIndex))
        return typeof led === 'number'
          ? { partitionIndex, errorCode: led, activeProducers: [] }
          : {
              partitionIndex,
              errorCode: ErrorCode.NONE,
              activeProducers: [...led.log.producers.active()],
            }
      }),
    })),
  }),
)

function partitionOf(state: BrokerState, topic: string, index: number) {
  return state.topics.partition(topic, index)
}
