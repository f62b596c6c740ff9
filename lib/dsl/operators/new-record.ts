/** Forwards records that a user's callback made: `{ key, value, timestamp?, headers? }`. */
import { RecordError } from '../../core/errors.ts'
import { type RecordHeaders, toRecordHeaders } from '../../core/headers.ts'
import type { NewRecord } from '../../core/record.ts'
import type { OperatorContext } from '../../topology/operator.ts'

/** Timestamp and headers are those of the record in hand where the new one has none. */
export function forwardNew(
  context: OperatorContext,
  record: NewRecord<unknown, unknown>,
  timestamp: number,
  headers: RecordHeaders,
): void {
  if (typeof record !== 'object' || record === null) throw notARecord(context, record)
  const own = record.timestamp
  if (own !== undefined && !(Number.isSafeInteger(own) && own >= 0))
    throw new RecordError(
      'INVALID_TIMESTAMP',
      `${context.node} made a record with timestamp ${own}: give whole milliseconds since the epoch`,
      { phase: 'process', node: context.node, recordMetadata: context.recordMetadata },
    )
  context.forward(
    record.key,
    record.value,
    own ?? timestamp,
    record.headers === undefined ? headers : toRecordHeaders(record.headers),
  )
}

function notARecord(context: OperatorContext, made: unknown): RecordError {
  return new RecordError(
    'CALLBACK_FAILED',
    `${context.node} got ${made === null ? 'null' : typeof made} from its callback: return { key, value }`,
    { phase: 'process', node: context.node, recordMetadata: context.recordMetadata },
  )
}
