/**
 * Records that came in one batch, by index, decoded only as far as somebody asks.
 *
 * Buffers are views of the fetch answer: valid while the batch is processed; copy what outlives it
 * (a slice of 16 bytes pins the megabyte that it was cut from).
 */
import type { RecordHeaders } from './headers.ts'
import type { TimestampType } from './record.ts'
import type { SerdeContext } from './serde.ts'
import type { DecodeAt } from './serdes/positional.ts'

export interface RecordView {
  readonly count: number
  readonly timestampType: TimestampType
  offset(index: number): number
  timestamp(index: number): number
  key(index: number): Buffer | null
  value(index: number): Buffer | null
  headers(index: number): RecordHeaders
  /** What its bytes are a part of: who keeps the view keeps all of that. */
  readonly memory?: ArrayBufferLike
  /** As `key` and `value`, decoded where the bytes lie; views without a body leave them out. */
  readonly decodeKey?: DecodePart
  readonly decodeValue?: DecodePart
}

/** Null where there are no bytes. */
export type DecodePart = (index: number, decode: DecodeAt, context: SerdeContext) => unknown
