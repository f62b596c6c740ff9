/** Cells by bucket, then by the whole key of their row. */

import { COMMITTED, INDEXED } from './cell-flags.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import { NONE } from './cell-places.ts'
import { CellTable, hashOfKey } from './cell-table.ts'
import type { Cells } from './cells.ts'
import { bucketOf } from './typed-store.ts'

export class KeyedCells implements CellIndex {
  readonly #cells: Cells
  /** Undefined: there is the bucket 0 alone. */
  readonly #bucketMs: number | undefined
  readonly #buckets = new Map<number, CellTable>()
  /** The bucket touched last: the next row is most often of the same. */
  #lastBucket = Number.NaN
  #last: CellTable | undefined

  constructor(cells: Cells, bucketMs: number | undefined) {
    this.#cells = cells
    this.#bucketMs = bucketMs
  }

  get size(): number {
    let size = 0
    for (const table of this.#buckets.values()) size += table.size
    return size
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  find(bucket: number, key: string): number {
    const table = this.#bucket(bucket)
    return table === undefined ? NONE : table.find(hashOfKey(key), key)
  }

  add(bucket: number, key: string): number {
    const cell = this.#cells.add(key, hashOfKey(key))
    let table = this.#bucket(bucket)
    if (table === undefined) {
      table = new CellTable(this.#cells)
      this.#buckets.set(bucket, table)
      this.#last = table
    }
    table.add(cell)
    this.#cells.mark(cell, INDEXED)
    return cell
  }

  bucketOf(cell: number): number {
    const bucketMs = this.#bucketMs
    return bucketMs === undefined ? 0 : bucketOf(this.#cells.start(cell), bucketMs)
  }

  remove(cell: number): void {
    const bucket = this.bucketOf(cell)
    const table = this.#bucket(bucket)
    if (table?.remove(cell) !== true) return
    if (table.size === 0) {
      this.#buckets.delete(bucket)
      this.#lastBucket = Number.NaN
    }
    this.#cells.unmark(cell, INDEXED)
  }

  /** Nothing is kept of it: whoever wants the row has its key. */
  evict(cell: number): void {
    this.#cells.drop(cell, COMMITTED)
    this.remove(cell)
  }

  dropBefore(bucket: number, tell?: (cell: number) => void): void {
    for (const [each, table] of this.#buckets) {
      if (each >= bucket) continue
      this.#buckets.delete(each)
      table.forEach((cell) => {
        tell?.(cell)
        this.#cells.unmark(cell, INDEXED)
      })
    }
    this.#lastBucket = Number.NaN
  }

  clear(): void {
    this.#buckets.clear()
    this.#lastBucket = Number.NaN
  }

  forEach({ fromBucket, toBucket }: KeySpan, see: (cell: number) => void): void {
    for (const [bucket, table] of this.#buckets)
      if (bucket >= fromBucket && bucket <= toBucket) table.forEach(see)
  }

  #bucket(bucket: number): CellTable | undefined {
    if (bucket === this.#lastBucket) return this.#last
    this.#lastBucket = bucket
    this.#last = this.#buckets.get(bucket)
    return this.#last
  }
}
