/**
 * PORT: finds the cells of a store. Windowed stores have a bucket per length of time, so that a scan of
 * one window and the expiry of old ones touch no other rows; other stores have the bucket 0 alone.
 *
 * A cell that it has is marked `INDEXED`.
 */

/** Bounds of store keys, one char a byte. */
export interface KeySpan {
  readonly fromBucket: number
  readonly toBucket: number
  /** Inclusive; undefined: from the first. */
  readonly from: string | undefined
  /** Exclusive; undefined: to the last. */
  readonly until: string | undefined
}

/** Buckets apart. */
export function isWithin({ from, until }: KeySpan, key: string): boolean {
  return (from === undefined || key >= from) && (until === undefined || key < until)
}

export interface CellIndex {
  readonly isEmpty: boolean
  /** `NONE`: there is no such cell. */
  find(bucket: number, key: string): number
  /** A cell for a row that none has. */
  add(bucket: number, key: string): number
  /** Of a cell that it has, or had. */
  bucketOf(cell: number): number
  /** There is no such row. Nothing when it is not here. */
  remove(cell: number): void
  /** There is no room for its row, which LevelDB has. */
  evict(cell: number): void
  /** Buckets below are gone, with all that was in them. */
  dropBefore(bucket: number, tell?: (cell: number) => void): void
  clear(): void
  /** Those in the buckets of the span, in no order that means anything. */
  forEach(span: KeySpan, see: (cell: number) => void): void
}
