/**
 * Cells of a join buffer: by bucket, then by record key, in order of time. A record that comes is met
 * with all those of its key, so this is how they are looked for; no row is ever looked up by its key.
 *
 * The table of a bucket has the first cell of each key; `next` leads from one to the following, and
 * `#before` back, from the first to the last. A cell stays when its row is evicted, for nothing else
 * knows that there is such a row.
 */

import { COMMITTED, INDEXED } from './cell-flags.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import { NONE } from './cell-places.ts'
import { CellTable, hashOfKey } from './cell-table.ts'
import type { Cells } from './cells.ts'
import { NUMBER_BYTES, partsOf, START_BYTES, startOf } from './key-format.ts'
import { bucketOf } from './typed-store.ts'

/** Starts lie together, and links back, those of so many cells. */
const LINK_BITS = 10
const LINK_MASK = 2 ** LINK_BITS - 1

export class JoinCells implements CellIndex {
  readonly #cells: Cells
  readonly #bucketMs: number
  readonly #buckets = new Map<number, CellTable>()
  /** Their numbers, ascending. */
  readonly #order: number[] = []
  readonly #starts: Float64Array[] = []
  readonly #before: Int32Array[] = []

  constructor(cells: Cells, bucketMs: number) {
    this.#cells = cells
    this.#bucketMs = bucketMs
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  /** A cell for the next record of a key at a time; `name` is the key's bytes, one char each. */
  next(bucket: number, name: string, start: number): number {
    const hash = hashOfKey(name)
    const table = this.#tableOf(bucket)
    const first = table.find(hash, name)
    const n = first === NONE ? 0 : this.#numberAfter(first, start)
    return this.#insert(table, first, this.#cells.addWindowed(start, name, n, hash), start)
  }

  /** Those of a key that start within the bounds, both included, in order. */
  visit(
    name: string,
    buckets: readonly [from: number, to: number],
    from: number,
    to: number,
    see: (cell: number) => void,
  ): void {
    const hash = hashOfKey(name)
    for (let at = placeAmong(this.#order, buckets[0]); at < this.#order.length; at++) {
      const bucket = this.#order[at] ?? 0
      if (bucket > buckets[1]) return
      let cell = this.#buckets.get(bucket)?.find(hash, name) ?? NONE
      for (; cell !== NONE; cell = this.#cells.next(cell)) {
        const start = this.#startOf(cell)
        if (start > to) break
        if (start >= from) see(cell)
      }
    }
  }

  find(bucket: number, key: string): number {
    const { key: name, n } = partsOf(key)
    const start = startOf(key)
    const first = this.#buckets.get(bucket)?.find(hashOfKey(name), name) ?? NONE
    if (first === NONE) return NONE
    const cell = this.#atOrBefore(first, start, n)
    return cell !== NONE && this.#cells.hasKey(cell, key, 0, 0) ? cell : NONE
  }

  add(bucket: number, key: string): number {
    const { key: name } = partsOf(key)
    const hash = hashOfKey(name)
    const table = this.#tableOf(bucket)
    const first = table.find(hash, name)
    return this.#insert(table, first, this.#cells.add(key, hash), startOf(key))
  }

  bucketOf(cell: number): number {
    return bucketOf(this.#startOf(cell), this.#bucketMs)
  }

  remove(cell: number): void {
    const bucket = this.bucketOf(cell)
    const table = this.#buckets.get(bucket)
    if (table === undefined || !this.#cells.is(cell, INDEXED)) return
    this.#unlink(table, cell)
    if (table.size === 0) {
      this.#buckets.delete(bucket)
      this.#order.splice(placeAmong(this.#order, bucket), 1)
    }
    this.#cells.unmark(cell, INDEXED)
  }

  evict(cell: number): void {
    this.#cells.drop(cell, COMMITTED)
  }

  dropBefore(bucket: number, tell?: (cell: number) => void): void {
    for (const each of this.#order.splice(0, placeAmong(this.#order, bucket))) {
      const table = this.#buckets.get(each)
      this.#buckets.delete(each)
      table?.forEach((first) => {
        for (let cell = first; cell !== NONE; ) {
          const next = this.#cells.next(cell)
          tell?.(cell)
          this.#cells.unmark(cell, INDEXED)
          cell = next
        }
      })
    }
  }

  clear(): void {
    this.#buckets.clear()
    this.#order.length = 0
  }

  forEach({ fromBucket, toBucket }: KeySpan, see: (cell: number) => void): void {
    for (const [bucket, table] of this.#buckets) {
      if (bucket < fromBucket || bucket > toBucket) continue
      table.forEach((first) => {
        for (let cell = first; cell !== NONE; cell = this.#cells.next(cell)) see(cell)
      })
    }
  }

  #tableOf(bucket: number): CellTable {
    let table = this.#buckets.get(bucket)
    if (table === undefined) {
      table = new CellTable(this.#cells, START_BYTES, NUMBER_BYTES)
      this.#buckets.set(bucket, table)
      this.#order.splice(placeAmong(this.#order, bucket), 0, bucket)
    }
    return table
  }

  /** One more than the highest number at this time, whatever has been there before (schedules B15). */
  #numberAfter(first: number, start: number): number {
    const last = this.#atOrBefore(first, start, Number.POSITIVE_INFINITY)
    if (last === NONE || this.#startOf(last) !== start) return 0
    return this.#cells.number(last) + 1
  }

  #insert(table: CellTable, first: number, cell: number, start: number): number {
    this.#cells.mark(cell, INDEXED)
    this.#setStart(cell, start)
    if (first === NONE) {
      this.#setBefore(cell, cell)
      table.add(cell)
      return cell
    }
    const before = this.#atOrBefore(first, start, this.#cells.number(cell))
    const after = before === NONE ? first : this.#cells.next(before)
    const last = this.#beforeOf(first)
    this.#cells.setNext(cell, after)
    this.#setBefore(cell, before === NONE ? last : before)
    if (after !== NONE) this.#setBefore(after, cell)
    if (before === NONE) table.replace(first, cell)
    else this.#cells.setNext(before, cell)
    if (after === NONE) this.#setBefore(first, cell)
    return cell
  }

  #unlink(table: CellTable, cell: number): void {
    const { key: name } = partsOf(this.#cells.key(cell))
    const first = table.find(this.#cells.hash(cell), name)
    const before = this.#beforeOf(cell)
    const after = this.#cells.next(cell)
    if (first === cell && after === NONE) table.remove(cell)
    else if (first === cell) table.replace(cell, after)
    else this.#cells.setNext(before, after)
    if (after !== NONE) this.#setBefore(after, before)
    else if (first !== cell) this.#setBefore(first, before)
  }

  /** The last one with this start and number or below; from the end, for time goes on. */
  #atOrBefore(first: number, start: number, n: number): number {
    let cell = this.#beforeOf(first)
    for (;;) {
      const time = this.#startOf(cell)
      if (time < start || (time === start && this.#cells.number(cell) <= n)) return cell
      if (cell === first) return NONE
      cell = this.#beforeOf(cell)
    }
  }

  #beforeOf(cell: number): number {
    return (this.#before[cell >>> LINK_BITS] as Int32Array)[cell & LINK_MASK] as number
  }

  #setBefore(cell: number, before: number): void {
    ;(this.#before[cell >>> LINK_BITS] as Int32Array)[cell & LINK_MASK] = before
  }

  /** What its key says, too, but that lies elsewhere, and each cell of a chain is asked. */
  #startOf(cell: number): number {
    return (this.#starts[cell >>> LINK_BITS] as Float64Array)[cell & LINK_MASK] as number
  }

  /** Comes before its links. */
  #setStart(cell: number, start: number): void {
    const chunk = cell >>> LINK_BITS
    while (this.#starts.length <= chunk) {
      this.#starts.push(new Float64Array(1 << LINK_BITS))
      this.#before.push(new Int32Array(1 << LINK_BITS))
    }
    ;(this.#starts[chunk] as Float64Array)[cell & LINK_MASK] = start
  }
}

/** Where a bucket is or belongs. From the end: time goes on, whatever a span has read of it. */
function placeAmong(order: readonly number[], bucket: number): number {
  let at = order.length
  while (at > 0 && (order[at - 1] ?? 0) >= bucket) at--
  return at
}
