/**
 * Finds the cells of a store: by bucket of time, then by key. Windowed stores have a bucket per
 * window's length, so that a scan of one window and the expiry of old ones touch no other rows;
 * other stores have the bucket 0 alone.
 */
import type { Cell } from './cell.ts'
import { WideMap } from './wide-map.ts'

/** Bounds of store keys, one char a byte. */
export interface KeySpan {
  readonly fromBucket: number
  readonly toBucket: number
  /** Inclusive; undefined: from the first. */
  readonly from: string | undefined
  /** Exclusive; undefined: to the last. */
  readonly until: string | undefined
}

export class CellIndex {
  readonly #buckets = new Map<number, WideMap<Cell>>()
  /** The bucket touched last: the next row is most often of the same. */
  #lastBucket = Number.NaN
  #last: WideMap<Cell> | undefined

  get size(): number {
    let size = 0
    for (const cells of this.#buckets.values()) size += cells.size
    return size
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  find(bucket: number, key: string): Cell | undefined {
    return this.#bucket(bucket)?.get(key)
  }

  add(cell: Cell): void {
    let cells = this.#bucket(cell.bucket)
    if (cells === undefined) {
      cells = new WideMap()
      this.#buckets.set(cell.bucket, cells)
      this.#last = cells
    }
    cells.set(cell.key, cell)
    cell.indexed = true
  }

  /** Nothing when another cell has taken its place. */
  remove(cell: Cell): void {
    cell.indexed = false
    const cells = this.#bucket(cell.bucket)
    if (cells?.get(cell.key) !== cell) return
    cells.delete(cell.key)
    if (cells.size > 0) return
    this.#buckets.delete(cell.bucket)
    this.#lastBucket = Number.NaN
  }

  /** Buckets below are gone, with all that was in them. */
  dropBefore(bucket: number): void {
    for (const [each, cells] of this.#buckets) {
      if (each >= bucket) continue
      for (const cell of cells.values()) cell.indexed = false
      this.#buckets.delete(each)
    }
    this.#lastBucket = Number.NaN
  }

  clear(): void {
    this.dropBefore(Number.POSITIVE_INFINITY)
  }

  /** Those within the bounds, in no order that means anything. */
  *within({ fromBucket, toBucket, from, until }: KeySpan): Iterable<Cell> {
    for (const [bucket, cells] of this.#buckets) {
      if (bucket < fromBucket || bucket > toBucket) continue
      for (const cell of cells.values())
        if ((from === undefined || cell.key >= from) && (until === undefined || cell.key < until))
          yield cell
    }
  }

  #bucket(bucket: number): WideMap<Cell> | undefined {
    if (bucket === this.#lastBucket) return this.#last
    this.#lastBucket = bucket
    this.#last = this.#buckets.get(bucket)
    return this.#last
  }
}
