/** Produce: checks a batch, lets its transaction in, appends it. */
import { produce } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { RequestOf } from '../../protocol/message-table.ts'
import type { BrokerState } from '../broker-state.ts'
import type { BatchProblem } from '../log/batch-check.ts'
import { checkBatch, isProblem } from '../log/batch-check.ts'
import type { BatchHeader } from '../log/batch-header.ts'
import { readHeader, stampBatch } from '../log/batch-header.ts'
import type { Partition } from '../topics/topic.ts'
import type { GateMode } from '../transactions/transaction-gate.ts'
import type { Call, Handler } from './handler.ts'
import { handler } from './handler.ts'
import { maintain } from './maintain.ts'
import { ledPartition } from './routing.ts'

/** First versions that know 120, and that add partitions to the transaction. */
const ABORTABLE_VERSION = 11
const IMPLICIT_VERSION = 12

type PartitionData = RequestOf<typeof produce>['topicData'][number]['partitionData'][number]

interface Written {
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs?: number
  readonly logStartOffset?: number
  readonly recordErrors?: BatchProblem['recordErrors']
  readonly errorMessage?: string
}

export const produceHandler: Handler = handler(produce, async (call) => {
  const { acks, topicData, transactionalId } = call.request
  const untold =
    transactionalId === null &&
    topicData.some(({ partitionData }) => partitionData.some(isTransactional))
  const write = async (topic: string, data: PartitionData): Promise<Written> => {
    if (untold) return refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    if (acks < -1 || acks > 1) return refused(ErrorCode.INVALID_REQUIRED_ACKS)
    return writePartition(call, topic, data)
  }
  const responses = await Promise.all(
    topicData.map(async ({ name, partitionData }) => ({
      name,
      partitionResponses: await Promise.all(
        partitionData.map(async (data) => ({ index: data.index, ...(await write(name, data)) })),
      ),
    })),
  )
  return acks === 0 ? undefined : { responses }
})

async function writePartition(
  { state, context, version, request }: Call<typeof produce>,
  topic: string,
  { index, records }: PartitionData,
): Promise<Written> {
  const led = ledPartition(context, state.topics.partition(topic, index))
  if (typeof led === 'number') return refused(led)
  const { limits } = led.topic.config
  if (request.acks === -1 && livingReplicas(state, led) < insyncNeeded(led))
    return refused(ErrorCode.NOT_ENOUGH_REPLICAS)
  const now = state.clock.now()
  const header = checkBatch(records, limits, now)
  if (isProblem(header)) return { baseOffset: -1, ...header }
  if (header.transactional && request.transactionalId !== null) {
    const code = await enter(state, led, request.transactionalId, header, version)
    if (code !== ErrorCode.NONE) return refused(code)
  }
  // Only V2 requests must begin a partition's transactions at 0.
  const strict = header.transactional && version >= IMPLICIT_VERSION
  return append(state, led, header, records ?? Buffer.alloc(0), strict)
}

async function enter(
  state: BrokerState,
  { topic, index, log }: Partition,
  transactionalId: string,
  header: BatchHeader,
  version: number,
): Promise<number> {
  if (log.producers.isOpen(header.producerId, header.producerEpoch)) return ErrorCode.NONE
  const mode: GateMode =
    version >= IMPLICIT_VERSION
      ? 'add'
      : version >= ABORTABLE_VERSION
        ? 'abortable'
        : 'invalid-state'
  const participant = { kind: 'partition', topic: topic.name, partition: index } as const
  return state.gate.enter(transactionalId, header, participant, mode)
}

function append(
  state: BrokerState,
  partition: Partition,
  header: BatchHeader,
  batch: Buffer,
  strict: boolean,
): Written {
  const { log, topic } = partition
  const verdict = header.producerId < 0 ? undefined : log.producers.judge(header, strict)
  if (verdict?.kind === 'refused') return refused(verdict.code)
  const { logAppendTime } = topic.config.limits
  const logAppendTimeMs = logAppendTime ? state.clock.now() : -1
  if (verdict?.kind === 'repeat')
    return {
      errorCode: ErrorCode.NONE,
      baseOffset: verdict.baseOffset,
      logAppendTimeMs: logAppendTime ? verdict.timestamp : -1,
      logStartOffset: log.startOffset,
    }
  if (logAppendTime) stampBatch(batch, logAppendTimeMs)
  const baseOffset = partition.append(batch)
  maintain(state, partition)
  return {
    errorCode: ErrorCode.NONE,
    baseOffset,
    logAppendTimeMs,
    logStartOffset: log.startOffset,
  }
}

function livingReplicas({ nodes }: BrokerState, { replicas }: Partition): number {
  return replicas.filter((id) => nodes.isUp(id)).length
}

/** More than there are replicas cannot be asked for (KIP-966). */
function insyncNeeded({ replicas, topic }: Partition): number {
  return Math.min(replicas.length, topic.config.limits.minInsyncReplicas)
}

function isTransactional({ records }: PartitionData): boolean {
  return records !== null && records.length >= 61 && readHeader(records).transactional
}

function refused(errorCode: number): Written {
  return { errorCode, baseOffset: -1 }
}
