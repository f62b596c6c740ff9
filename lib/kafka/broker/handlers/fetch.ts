/**
 * Fetch: long polls through the clock. An answer goes out once there are minBytes, an error or the
 * end of the wait; a read_committed position above the last stable offset is answered at once.
 */
import type { Clock } from '../../../core/clock.ts'
import { fetch } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { RequestOf, ResponseInput } from '../../protocol/message-table.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { Topic } from '../topics/topic.ts'
import type { Call, Handler } from './handler.ts'
import { handler } from './handler.ts'
import { maintain } from './maintain.ts'
import { ledPartition } from './routing.ts'

const READ_COMMITTED = 1
const TOPIC_ID_VERSION = 13
const NO_RECORDS = Buffer.alloc(0)

type FetchTopic = RequestOf<typeof fetch>['topics'][number]
type FetchPartition = FetchTopic['partitions'][number]
type PartitionAnswer = ResponseInput<typeof fetch>['responses'][number]['partitions'][number]

/** What one look at the partitions gave. */
class Attempt {
  readonly responses: { topic: string; topicId: string; partitions: PartitionAnswer[] }[] = []
  readonly watched: PartitionLog[] = []
  bytes = 0
  /** Whether waiting cannot help. */
  urgent = false
}

export const fetchHandler: Handler = handler(fetch, async (call) => {
  const { clock } = call.state
  const { minBytes, maxWaitMs, sessionId } = call.request
  // Every fetch is a full one: session 0 says so to clients that would like sessions.
  if (sessionId !== 0)
    return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, responses: [] }
  const end = clock.monotonic() + maxWaitMs
  for (;;) {
    const attempt = look(call)
    const left = Math.ceil(end - clock.monotonic())
    if (attempt.urgent || attempt.bytes >= minBytes || left <= 0 || attempt.watched.length === 0)
      return { errorCode: ErrorCode.NONE, sessionId: 0, responses: attempt.responses }
    await change(clock, attempt.watched, left)
  }
})

/** Resolves when one of the logs changes, or after `leftMs`. */
function change(clock: Clock, logs: readonly PartitionLog[], leftMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      for (const cancel of cancels) cancel()
      resolve()
    }
    const timer = clock.timer(leftMs, done)
    const cancels = logs.map((log) => log.onChange(done))
  })
}

function look(call: Call<typeof fetch>): Attempt {
  const attempt = new Attempt()
  for (const asked of call.request.topics) {
    const byId = call.version >= TOPIC_ID_VERSION
    const topic = byId ? call.state.topics.byId(asked.topicId) : call.state.topics.get(asked.topic)
    const missing = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    attempt.responses.push({
      topic: asked.topic,
      topicId: asked.topicId,
      partitions: asked.partitions.map((partition) => {
        if (topic !== undefined) return read(call, attempt, topic, partition)
        attempt.urgent = true
        return refused(partition.partition, missing)
      }),
    })
  }
  return attempt
}

function read(
  { state, context, request }: Call<typeof fetch>,
  attempt: Attempt,
  topic: Topic,
  asked: FetchPartition,
): PartitionAnswer {
  const led = ledPartition(context, topic.partitions[asked.partition], asked.currentLeaderEpoch)
  if (typeof led === 'number') {
    attempt.urgent = true
    return refused(asked.partition, led)
  }
  maintain(state, led)
  const { log } = led
  const { fetchOffset } = asked
  if (fetchOffset < log.startOffset || fetchOffset > log.endOffset) {
    attempt.urgent = true
    return refused(asked.partition, ErrorCode.OFFSET_OUT_OF_RANGE)
  }
  const committed = request.isolationLevel === READ_COMMITTED
  const limit = committed ? log.lastStableOffset : log.endOffset
  if (fetchOffset > limit) attempt.urgent = true
  const room = Math.min(asked.partitionMaxBytes, Math.max(request.maxBytes - attempt.bytes, 0))
  const { batches, bytes, nextOffset } = log.read(fetchOffset, limit, room, attempt.bytes === 0)
  attempt.bytes += bytes
  attempt.watched.push(log)
  return {
    partitionIndex: asked.partition,
    errorCode: ErrorCode.NONE,
    highWatermark: log.endOffset,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.startOffset,
    abortedTransactions: committed ? [...log.abortedBetween(fetchOffset, nextOffset)] : null,
    records: batches.length === 1 ? (batches[0] ?? NO_RECORDS) : Buffer.concat(batches),
  }
}

function refused(partitionIndex: number, errorCode: number): PartitionAnswer {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: NO_RECORDS,
  }
}
