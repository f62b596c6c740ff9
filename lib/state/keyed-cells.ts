/** Cells by bucket, then by the whole key of their row. */
import { Cell } from './cell.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import { isWithin } from './cell-index.ts'
import { WideMap } from './wide-map.ts'

export class KeyedCells implements CellIndex {
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

  add(bucket: number, key: string): Cell {
    const cell = new Cell(bucket, key)
    let cells = this.#bucket(bucket)
    if (cells === undefined) {
      cells = new WideMap()
      this.#buckets.set(bucket, cells)
      this.#last = cells
    }
    cells.set(key, cell)
    cell.indexed = true
    return cell
  }

  remove(cell: Cell): void {
    cell.indexed = false
    const cells = this.#bucket(cell.bucket)
    if (cells?.get(cell.key) !== cell) return
    cells.delete(cell.key)
    if (cells.size > 0) return
    this.#buckets.delete(cell.bucket)
    this.#lastBucket = Number.NaN
  }

  /** Nothing is kept of it: whoever wants the row has its key. */
  evict(cell: Cell): void {
    this.remove(cell)
  }

  dropBefore(bucket: number, tell?: (cell: Cell) => void): void {
    for (const [each, cells] of this.#buckets) {
      if (each >= bucket) continue
      for (const cell of cells.values()) {
        cell.indexed = false
        tell?.(cell)
      }
      this.#buckets.delete(each)
    }
    this.#lastBucket = Number.NaN
  }

  clear(): void {
    this.dropBefore(Number.POSITIVE_INFINITY)
  }

  *within(span: KeySpan): Iterable<Cell> {
    for (const [bucket, cells] of this.#buckets)
      if (bucket >= span.fromBucket && bucket <= span.toBucket)
        for (const cell of cells.values()) if (isWithin(span, cell.key)) yield cell
  }

  #bucket(bucket: number): WideMap<Cell> | undefined {
    if (bucket === this.#lastBucket) return this.#last
    this.#lastBucket = bucket
    this.#last = this.#buckets.get(bucket)
    return this.#last
  }
}
