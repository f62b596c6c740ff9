/**
 * All versions of the rows of one store: of the open span, of the span that was frozen, committed.
 * Knows no keys or values, only rows under strings of bytes.
 */

import { ownChars } from '../core/bytes.ts'
import type { Cell } from './cell.ts'
import { ABSENT, costOf } from './cell.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import type { CommittedRows } from './committed-rows.ts'
import type { Journal } from './journal.ts'
import type { Row } from './row.ts'

export interface StoreRowsOptions {
  readonly index: CellIndex
  readonly committed: CommittedRows
  readonly journal: Journal
  /** Rows are never put twice under one key. */
  readonly allNew: boolean
  /** Keys that are given are not parts of longer texts, which would stay alive with them. */
  readonly ownsKeys: boolean
}

export class StoreRows {
  readonly committed: CommittedRows
  readonly #index: CellIndex
  readonly #journal: Journal
  readonly #allNew: boolean
  readonly #ownsKeys: boolean
  /** Cells that have an open row, or had one that was undone. */
  #open: Cell[] = []
  #frozen: Cell[] = []
  /** What the last `get` found: a `put` most often follows. */
  #last: Cell | undefined
  /** What the last `get` did not find, of which nothing is kept. */
  #missed: string | undefined
  #missedBucket = 0
  #openBytes = 0
  #frozenBytes = 0

  constructor(options: StoreRowsOptions) {
    this.committed = options.committed
    this.#index = options.index
    this.#journal = options.journal
    this.#allNew = options.allNew
    this.#ownsKeys = options.ownsKeys
  }

  get isEmpty(): boolean {
    return this.#frozen.length === 0 && this.#open.every(({ isSettled }) => isSettled)
  }

  /** Undefined also when it is deleted. */
  get(bucket: number, key: string): Row | undefined {
    const cell = this.#index.find(bucket, key) ?? this.#look(bucket, key)
    if (cell === undefined) return undefined
    this.#last = cell
    return this.read(cell)
  }

  /** The row of a cell that the index has. Undefined also when it is deleted. */
  read(cell: Cell): Row | undefined {
    cell.used = true
    const row = cell.open ?? cell.frozen ?? cell.committed ?? this.committed.look(cell)
    return row.bytes === null ? undefined : row
  }

  put(bucket: number, key: string, row: Row): void {
    this.open(this.#cellFor(bucket, key), row)
  }

  /** Puts a row into a cell that the index has. */
  open(cell: Cell, row: Row): void {
    const before = cell.open
    cell.open = row
    if (before === undefined) {
      this.#open.push(cell)
      this.#count(costOf(cell.key, row))
    } else this.#count((row.bytes?.length ?? 0) - (before.bytes?.length ?? 0))
    if (this.#journal.marking) this.#journal.undo(() => this.#undo(cell, before, row))
  }

  /** A row under a key that no row of any span has, or ever had. */
  add(bucket: number, key: string, row: Row): void {
    this.open(this.#make(bucket, key), row)
  }

  /** A committed row from elsewhere: restored. */
  restore(bucket: number, key: string, row: Row): void {
    this.#last = undefined
    this.#missed = undefined
    this.committed.keep(this.#index.find(bucket, key) ?? this.#make(bucket, key), row)
  }

  /** Of the frozen span. */
  get frozenRows(): number {
    return this.#frozen.length
  }

  /** Those of the frozen span, in the order in which they were first put. */
  eachFrozen(tell: (key: string, row: Row) => void): void {
    for (const { key, frozen } of this.#frozen) if (frozen !== undefined) tell(key, frozen)
  }

  /** Ends the open span. */
  freeze(): void {
    const frozen: Cell[] = []
    for (const cell of this.#open) {
      const { open } = cell
      // Undone, or put again after it was undone and seen already.
      if (open === undefined) {
        if (cell.frozen === undefined) this.#release(cell)
        continue
      }
      cell.frozen = open
      cell.open = undefined
      frozen.push(cell)
    }
    this.#open = []
    this.#frozen = frozen
    this.#frozenBytes = this.#openBytes
    this.#openBytes = 0
  }

  /** `isNew`: the committed layers had no such row. */
  commit(tell: (key: string, row: Row, isNew: boolean) => void): void {
    for (const cell of this.#frozen) {
      const row = cell.frozen
      if (row === undefined) continue
      const isNew = this.#isNew(cell)
      cell.frozen = undefined
      this.committed.keep(cell, row)
      tell(cell.key, row, isNew)
    }
    this.#frozen = []
    this.#journal.bytes -= this.#frozenBytes
    this.#frozenBytes = 0
  }

  /** Open and frozen rows are gone. */
  abort(): void {
    for (const cell of [...this.#open, ...this.#frozen]) {
      cell.open = undefined
      cell.frozen = undefined
      this.#release(cell)
    }
    this.#open = []
    this.#frozen = []
    this.#last = undefined
    this.#missed = undefined
    this.#journal.bytes -= this.#openBytes + this.#frozenBytes
    this.#openBytes = 0
    this.#frozenBytes = 0
  }

  /**
   * Rows in order, those of all layers as they are at the first `next`: what is in memory is copied
   * and the snapshot of LevelDB is taken in that one step.
   */
  async *scan(span: KeySpan, reverse = false): AsyncGenerator<readonly [string, Row], void> {
    const upper = this.#upper(span)
    const below = this.committed.base(span, reverse)
    const keys = [...upper.keys()].sort(reverse ? descending : ascending)
    let at = 0
    for await (const piece of below)
      for (const [key, row] of piece) {
        for (
          let next = keys[at];
          next !== undefined && precedes(next, key, reverse);
          next = keys[at]
        ) {
          at++
          yield* alive(next, upper.get(next))
        }
        if (!upper.has(key)) yield* alive(key, row)
      }
    for (; at < keys.length; at++) {
      const key = keys[at] ?? ''
      yield* alive(key, upper.get(key))
    }
  }

  #cellFor(bucket: number, key: string): Cell {
    const last = this.#last
    if (last?.key === key && last.bucket === bucket && last.indexed) return last
    if (key === this.#missed && bucket === this.#missedBucket) {
      this.#missed = undefined
      const cell = this.#make(bucket, key)
      cell.committed = ABSENT
      return cell
    }
    return this.#index.find(bucket, key) ?? this.#make(bucket, key)
  }

  /** A cell for a row that none has; undefined: there is no such row, and none to remember. */
  #look(bucket: number, key: string): Cell | undefined {
    if (this.committed.mayHave(bucket)) return this.#make(bucket, key)
    this.#missed = key
    this.#missedBucket = bucket
    return undefined
  }

  #make(bucket: number, key: string): Cell {
    return this.#index.add(bucket, this.#ownsKeys ? key : ownChars(key))
  }

  #undo(cell: Cell, before: Row | undefined, row: Row): void {
    cell.open = before
    if (before === undefined) {
      this.#count(-costOf(cell.key, row))
      this.#release(cell)
    } else this.#count((before.bytes?.length ?? 0) - (row.bytes?.length ?? 0))
  }

  /** A cell that has no row of a span any more: only what is committed may keep it. */
  #release(cell: Cell): void {
    if (!cell.isSettled || !cell.indexed) return
    const isThere = cell.committed !== undefined && cell.committed.bytes !== null
    if (!isThere && cell.stage === 'unknown') this.#index.remove(cell)
  }

  #isNew(cell: Cell): boolean {
    const { committed } = cell
    if (committed !== undefined) return committed.bytes === null
    return this.#allNew || this.committed.look(cell).bytes === null
  }

  /** The newest rows of those within the bounds of which the base has no or an older one. */
  #upper(span: KeySpan): ReadonlyMap<string, Row> {
    const upper = new Map<string, Row>()
    for (const cell of this.#index.within(span)) {
      const uncommitted = cell.open ?? cell.frozen
      const row = uncommitted ?? (this.committed.isBelow(cell) ? undefined : cell.committed)
      if (row !== undefined) upper.set(cell.key, row)
    }
    return upper
  }

  #count(bytes: number): void {
    this.#openBytes += bytes
    this.#journal.bytes += bytes
  }
}

/** Of the row in hand: an upper one comes before what follows it below, its own older row included. */
function precedes(upper: string, below: string, reverse: boolean): boolean {
  return reverse ? upper >= below : upper <= below
}

function* alive(key: string, row: Row | undefined): Iterable<readonly [string, Row]> {
  if (row !== undefined && row.bytes !== null) yield [key, row]
}

function ascending(one: string, other: string): number {
  return one < other ? -1 : 1
}

function descending(one: string, other: string): number {
  return one > other ? -1 : 1
}
