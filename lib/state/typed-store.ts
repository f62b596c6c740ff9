/**
 * What the kinds of stores have in common: the parts that they are made of, and what they answer to
 * the task. A kind owns its key format and the indexes that are derived from its rows.
 */
import type { Journal, SpanNumber } from './journal.ts'
import type { StoreKey } from './key-format.ts'
import type { Row } from './row.ts'
import type { RowCodec } from './row-codec.ts'
import type { StoreRows } from './store-rows.ts'
import type { StoreSpec } from './store-spec.ts'

/** What a typed store is made over. */
export interface StoreParts {
  readonly spec: StoreSpec
  readonly rows: StoreRows
  readonly codec: RowCodec
  readonly journal: Journal
  /** Rows that start before are gone for readers (key-value: have an older timestamp). */
  readonly bound: SpanNumber
  /** What expires and is cut together, in milliseconds of start. */
  readonly segmentMs: number
  /** What one bucket of a layer holds. */
  readonly bucketMs: number
  /** Roughly. */
  readonly rowCount: () => number
}

/** The kind's side of {@link StoreParts}: what the task asks of it. */
export interface TypedStore {
  /** Of a key in memory that stays what it is; both are valid until the next call. */
  changelogKey(storeKey: Buffer): Buffer
  /** Undefined: no row of this kind. */
  storeKey(changelogKey: Buffer, value: Buffer | null): StoreKey | undefined
  /** A row was restored that is newer than what the layers had. */
  restored?(key: string, start: number): void
  /** Builds what is derived, from the rows that are there at open. */
  load?(): Promise<void>
  /** Just before the freeze. */
  freezing?(): void
  /** Looks for rows to delete, a few at a time. */
  sweep?(): Promise<void>
  /** Segments before this start are gone for good. */
  expired?(start: number): void
  /** There are no rows any more. */
  forget?(): void
}

export type RowEntry = readonly [key: string, row: Row]

/** The bucket of a start. */
export function bucketOf(start: number, bucketMs: number): number {
  return Math.floor(start / bucketMs)
}

/** A map per millisecond would be most of a join within one. */
const MIN_BUCKET_MS = 1000

/** What lies in one bucket: the windows of one start; of a join buffer as much as a visit sees three of. */
export function bucketMsOf(spec: StoreSpec, segmentMs: number): number {
  if (spec.kind === 'window' && spec.sizeMs > 0) return spec.sizeMs
  if (spec.kind !== 'join-buffer') return segmentMs
  return Math.min(Math.max(Math.ceil(spec.retentionMs / 2), MIN_BUCKET_MS), segmentMs)
}
