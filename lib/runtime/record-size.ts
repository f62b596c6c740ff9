/** How large a record is for Kafka, before it is sent: an upper bound, for batches are counted. */
import type { RecordHeaders } from '../core/headers.ts'
import type { OutputBytes } from './collector.ts'

/** Batch header, and a record's own lengths, deltas and attributes at their widest. */
const OVERHEAD_BYTES = 61 + 31
/** Two lengths of a header at their widest. */
const HEADER_BYTES = 10

export function recordSize(
  key: OutputBytes | null,
  value: OutputBytes | null,
  headers: RecordHeaders | undefined,
): number {
  const size = OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  return headers === undefined || headers.size === 0 ? size : size + headersSize(headers)
}

export function headersSize(headers: RecordHeaders): number {
  let size = 0
  for (const [name, value] of headers)
    size += HEADER_BYTES + Buffer.byteLength(name) + (value?.length ?? 0)
  return size
}
