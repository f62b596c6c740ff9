/**
 * Cells of a join buffer: by bucket, then by record key, in order of time. A record that comes is met
 * with all those of its key, so this is how they are looked for; no row is ever looked up by its key.
 *
 * A cell stays when its row is evicted, for nothing else knows that there is such a row.
 */
import { ownChars } from '../core/bytes.ts'
import { Cell } from './cell.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import { isWithin } from './cell-index.ts'
import { partsOf, startOf, windowKey } from './key-format.ts'
import { WideMap } from './wide-map.ts'

/** Of one record. */
export class JoinCell extends Cell {
  readonly start: number
  /** Among the records of its key and time, in the order in which they came. */
  readonly n: number

  constructor(bucket: number, key: string, start: number, n: number) {
    super(bucket, key)
    this.start = start
    this.n = n
    this.indexed = true
  }
}

/** Of one key in one bucket, by start, then n. Most keys have one, and an array each would be most of the index. */
type OfKey = JoinCell | JoinCell[]

/** Up to here an array is made anew for one cell more: it would take sixteen places at once. */
const EXACT = 8

export class JoinCells implements CellIndex {
  readonly #buckets = new Map<number, WideMap<OfKey>>()
  /** Their numbers, ascending. */
  readonly #order: number[] = []

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  /** A cell for the next record of a key at a time; `name` is the key's bytes, one char each. */
  next(bucket: number, name: string, start: number): JoinCell {
    const keys = this.#keysOf(bucket)
    const found = keys.get(name)
    const n = found === undefined ? 0 : numberAfter(found, start)
    const cell = new JoinCell(bucket, windowKey(start, name, n), start, n)
    place(keys, name, found, cell)
    return cell
  }

  /** Those of a key that start within the bounds, both included, in order. */
  visit(
    name: string,
    buckets: readonly [from: number, to: number],
    from: number,
    to: number,
    see: (cell: JoinCell) => void,
  ): void {
    for (let at = placeAmong(this.#order, buckets[0]); at < this.#order.length; at++) {
      const bucket = this.#order[at] ?? 0
      if (bucket > buckets[1]) return
      const found = this.#buckets.get(bucket)?.get(name)
      if (found === undefined) continue
      if (Array.isArray(found)) visitAll(found, from, to, see)
      else if (found.start >= from && found.start <= to) see(found)
    }
  }

  find(bucket: number, key: string): Cell | undefined {
    const { key: name, n } = partsOf(key)
    const start = startOf(key)
    const found = this.#buckets.get(bucket)?.get(name)
    if (found === undefined) return undefined
    const cells = cellsOf(found)
    const cell = cells[placeOf(cells, start, n) - 1]
    return cell?.start === start && cell.n === n ? cell : undefined
  }

  add(bucket: number, key: string): Cell {
    const { key: name, n } = partsOf(key)
    const cell = new JoinCell(bucket, key, startOf(key), n)
    const keys = this.#keysOf(bucket)
    place(keys, name, keys.get(name), cell)
    return cell
  }

  remove(cell: Cell): void {
    cell.indexed = false
    const { key: name } = partsOf(cell.key)
    const keys = this.#buckets.get(cell.bucket)
    const found = keys?.get(name)
    if (keys === undefined || found === undefined) return
    if (found === cell) keys.delete(name)
    else if (Array.isArray(found)) {
      // What is undone came last.
      const at = found.findLastIndex((each) => each === cell)
      if (at >= 0) found.splice(at, 1)
      const [first] = found
      if (found.length === 1 && first !== undefined) keys.set(name, first)
    }
    if (keys.size > 0) return
    this.#buckets.delete(cell.bucket)
    this.#order.splice(placeAmong(this.#order, cell.bucket), 1)
  }

  evict(cell: Cell): void {
    cell.committed = undefined
  }

  dropBefore(bucket: number, tell?: (cell: Cell) => void): void {
    for (const each of this.#order.splice(0, placeAmong(this.#order, bucket))) {
      const keys = this.#buckets.get(each)
      if (keys === undefined) continue
      for (const cell of everyCell(keys)) {
        cell.indexed = false
        tell?.(cell)
      }
      this.#buckets.delete(each)
    }
  }

  clear(): void {
    this.dropBefore(Number.POSITIVE_INFINITY)
  }

  *within(span: KeySpan): Iterable<Cell> {
    for (const [bucket, keys] of this.#buckets)
      if (bucket >= span.fromBucket && bucket <= span.toBucket)
        for (const cell of everyCell(keys)) if (isWithin(span, cell.key)) yield cell
  }

  #keysOf(bucket: number): WideMap<OfKey> {
    let keys = this.#buckets.get(bucket)
    if (keys === undefined) {
      keys = new WideMap()
      this.#buckets.set(bucket, keys)
      this.#order.splice(placeAmong(this.#order, bucket), 0, bucket)
    }
    return keys
  }
}

function* everyCell(keys: WideMap<OfKey>): Iterable<JoinCell> {
  for (const found of keys.values()) yield* cellsOf(found)
}

/** Where a bucket is or belongs. From the end: time goes on, whatever a span has read of it. */
function placeAmong(order: readonly number[], bucket: number): number {
  let at = order.length
  while (at > 0 && (order[at - 1] ?? 0) >= bucket) at--
  return at
}

function cellsOf(found: OfKey): readonly JoinCell[] {
  return Array.isArray(found) ? found : [found]
}

function visitAll(
  cells: readonly JoinCell[],
  from: number,
  to: number,
  see: (cell: JoinCell) => void,
): void {
  for (let at = lowerBound(cells, from); at < cells.length; at++) {
    const cell = cells[at]
    if (cell === undefined || cell.start > to) return
    see(cell)
  }
}

/** One more than the highest number at this time, whatever has been there before (schedules B15). */
function numberAfter(found: OfKey, start: number): number {
  if (!Array.isArray(found)) return found.start === start ? found.n + 1 : 0
  const last = found[lowerBound(found, start + 1) - 1]
  return last?.start === start ? last.n + 1 : 0
}

function place(keys: WideMap<OfKey>, name: string, found: OfKey | undefined, cell: JoinCell): void {
  if (found === undefined) {
    keys.set(ownChars(name), cell)
    return
  }
  const cells = Array.isArray(found) ? found : [found]
  const at = placeOf(cells, cell.start, cell.n)
  if (cells.length >= EXACT) cells.splice(at, 0, cell)
  else keys.set(name, [...cells.slice(0, at), cell, ...cells.slice(at)])
}

/** Behind the one with this start and number, or where it belongs; most often the last of its start. */
function placeOf(cells: readonly JoinCell[], start: number, n: number): number {
  let at = lowerBound(cells, start + 1)
  while (at > 0 && cells[at - 1]?.start === start && (cells[at - 1]?.n ?? 0) > n) at--
  return at
}

/** Where the first is that does not start before. */
function lowerBound(cells: readonly JoinCell[], start: number): number {
  let low = 0
  let high = cells.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cells[middle]?.start ?? 0) < start) low = middle + 1
    else high = middle
  }
  return low
}
