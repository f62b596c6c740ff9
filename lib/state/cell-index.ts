/**
 * PORT: finds the cells of a store. Windowed stores have a bucket per length of time, so that a scan of
 * one window and the expiry of old ones touch no other rows; other stores have the bucket 0 alone.
 */
import type { Cell } from './cell.ts'

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
  find(bucket: number, key: string): Cell | undefined
  /** A cell for a row that none has. The key is kept. */
  add(bucket: number, key: string): Cell
  /** There is no such row. Nothing when another cell has taken its place. */
  remove(cell: Cell): void
  /** There is no room for its row, which LevelDB has. */
  evict(cell: Cell): void
  /** Buckets below are gone, with all that was in them. */
  dropBefore(bucket: number, tell?: (cell: Cell) => void): void
  clear(): void
  /** Those within the bounds, in no order that means anything. */
  within(span: KeySpan): Iterable<Cell>
}
