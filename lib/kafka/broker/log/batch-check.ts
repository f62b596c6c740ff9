/** Whether a partition takes a batch as it is: size, format, checksum, keys, timestamps. */
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import type { BatchHeader } from './batch-header.ts'
import { batchBytesAt, isSoundBatch, magicOf, readHeader } from './batch-header.ts'
import type { LogLimits } from './log-limits.ts'
import type { RawRecord } from './raw-records.ts'
import { rawRecords } from './raw-records.ts'

export interface RecordProblem {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

export interface BatchProblem {
  readonly errorCode: number
  readonly errorMessage: string
  readonly recordErrors: readonly RecordProblem[]
}

/** The header of a batch that may be appended, or why it may not. */
export function checkBatch(
  batch: Buffer | null,
  limits: LogLimits,
  nowMs: number,
): BatchHeader | BatchProblem {
  if (batch === null || batch.length === 0)
    return problem(ErrorCode.INVALID_RECORD, 'a partition needs exactly one record batch')
  if ((batchBytesAt(batch, 0) ?? batch.length) < batch.length)
    return problem(ErrorCode.INVALID_RECORD, 'a partition takes one record batch at a time')
  if (magicOf(batch) !== 2)
    return problem(ErrorCode.INVALID_RECORD, 'only record format v2 is taken')
  if (!isSoundBatch(batch))
    return problem(
      ErrorCode.CORRUPT_MESSAGE,
      'the batch is damaged: its length or checksum is wrong',
    )
  if (batch.length > limits.maxMessageBytes)
    return problem(
      ErrorCode.MESSAGE_TOO_LARGE,
      `the batch has ${batch.length} bytes, more than max.message.bytes = ${limits.maxMessageBytes}`,
    )
  const header = readHeader(batch)
  if (
    header.control ||
    header.count < 1 ||
    header.lastOffset - header.baseOffset !== header.count - 1
  )
    return problem(ErrorCode.INVALID_RECORD, 'the batch does not count its records right')
  return checkRecords(batch, header, limits, nowMs) ?? header
}

export function isProblem(checked: BatchHeader | BatchProblem): checked is BatchProblem {
  return 'errorCode' in checked
}

function checkRecords(
  batch: Buffer,
  header: BatchHeader,
  limits: LogLimits,
  nowMs: number,
): BatchProblem | undefined {
  const latest = nowMs + limits.timestampAfterMaxMs
  const earliest = nowMs - limits.timestampBeforeMaxMs
  // Nothing can be before 1970, which is where most limits lie.
  const checksTimes = !limits.logAppendTime && (header.maxTimestamp > latest || earliest > 0)
  if (!limits.compact && !checksTimes) return undefined
  let records: readonly RawRecord[]
  try {
    records = rawRecords(batch)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    return problem(ErrorCode.CORRUPT_MESSAGE, cause.message)
  }
  const outside = ({ timestamp }: RawRecord): boolean =>
    checksTimes && timestamp >= 0 && (timestamp > latest || timestamp < earliest)
  return (
    ofRecords(
      ErrorCode.INVALID_RECORD,
      'a compacted topic needs keys',
      records,
      ({ key }) => limits.compact && key === null,
    ) ??
    ofRecords(
      ErrorCode.INVALID_TIMESTAMP,
      `the timestamp is not between ${earliest} and ${latest}`,
      records,
      outside,
    )
  )
}

function ofRecords(
  errorCode: number,
  errorMessage: string,
  records: readonly RawRecord[],
  isWrong: (record: RawRecord) => boolean,
): BatchProblem | undefined {
  const recordErrors = records.flatMap((record, batchIndex) =>
    isWrong(record) ? [{ batchIndex, batchIndexErrorMessage: errorMessage }] : [],
  )
  return recordErrors.length === 0 ? undefined : { errorCode, errorMessage, recordErrors }
}

function problem(errorCode: number, errorMessage: string): BatchProblem {
  return { errorCode, errorMessage, recordErrors: [] }
}
