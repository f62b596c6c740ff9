/**
 * All versions of the rows of one store: of the open span, of the span that was frozen, committed.
 * Knows no keys or values, only rows under strings of bytes.
 */

import type { SpanVersion } from './cell-flags.ts'
import { COMMITTED, INDEXED, otherSpan, UNKNOWN } from './cell-flags.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import { isWithin } from './cell-index.ts'
import { NONE } from './cell-places.ts'
import type { Cells } from './cells.ts'
import type { CommittedRows } from './committed-rows.ts'
import { NO_ROW } from './committed-rows.ts'
import type { Journal } from './journal.ts'
import { mergedRows } from './merged-rows.ts'
import type { Row } from './row.ts'

export interface StoreRowsOptions {
  readonly cells: Cells
  readonly index: CellIndex
  readonly committed: CommittedRows
  readonly journal: Journal
  /** Rows are never put twice under one key. */
  readonly allNew: boolean
}

export class StoreRows {
  readonly committed: CommittedRows
  readonly #cells: Cells
  readonly #index: CellIndex
  readonly #journal: Journal
  readonly #allNew: boolean
  /** The version of the open span; the other one is that of the frozen span. */
  #span: SpanVersion = 0
  /** Cells that have an open row, or had one that was undone; the frozen span's, too. */
  #open: number[] = []
  #frozen: number[] = []
  #openRows = 0
  #frozenRows = 0
  /** What the last `get` found, for a `put` most often follows; valid as long as no cell is gone. */
  #last = NONE
  #lastKey = ''
  #lastBucket = 0
  #lastDepartures = 0
  /** What the last `get` did not find, of which nothing is kept. */
  #missed: string | undefined
  #missedBucket = 0
  #openBytes = 0
  #frozenBytes = 0

  constructor({ cells, index, committed, journal, allNew }: StoreRowsOptions) {
    this.committed = committed
    this.#cells = cells
    this.#index = index
    this.#journal = journal
    this.#allNew = allNew
  }

  get isEmpty(): boolean {
    return this.#openRows === 0 && this.#frozenRows === 0
  }

  /** Undefined also when it is deleted. */
  get(bucket: number, key: string): Row | undefined {
    const found = this.#index.find(bucket, key)
    const cell = found === NONE ? this.#look(bucket, key) : found
    if (cell === NONE) return undefined
    this.#last = cell
    this.#lastKey = key
    this.#lastBucket = bucket
    // Before it is read: what was just found may have to leave at once.
    this.#lastDepartures = this.#cells.departures
    return this.read(cell)
  }

  /** The row of a cell that the index has. Undefined also when it is deleted. */
  read(cell: number): Row | undefined {
    const row = this.#cells.read(cell, this.#span) ?? this.committed.look(cell)
    return row.bytes === null ? undefined : row
  }

  put(bucket: number, key: string, row: Row): void {
    this.open(this.#cellFor(bucket, key), row)
  }

  /** Puts a row into a cell that the index has. */
  open(cell: number, row: Row): void {
    const before = this.#journal.marking ? this.#cells.row(cell, this.#span) : undefined
    this.#setOpen(cell, row)
    if (this.#journal.marking) this.#journal.undo(() => this.#undo(cell, before))
    if (this.#cells.list(cell, this.#span)) this.#open.push(cell)
  }

  /** A row under a key that no row of any span has, or ever had. */
  add(bucket: number, key: string, row: Row): void {
    this.open(this.#index.add(bucket, key), row)
  }

  /** A committed row from elsewhere: restored. */
  restore(bucket: number, key: string, row: Row): void {
    this.#forgetLast()
    const found = this.#index.find(bucket, key)
    this.committed.keep(found === NONE ? this.#index.add(bucket, key) : found, row)
  }

  /** Of the frozen span. */
  get frozenRows(): number {
    return this.#frozenRows
  }

  /** Those of the frozen span, in the order in which they were first put; keys and values as bytes. */
  eachFrozen(tell: (key: Buffer, row: Row) => void): void {
    const cells = this.#cells
    const span = otherSpan(this.#span)
    for (const cell of this.#frozen) {
      const row = cells.outgoing(cell, span)
      if (row !== undefined) tell(cells.keys.view(cells.keyRef(cell)), row)
    }
  }

  /** Ends the open span. The one before has been committed or aborted. */
  freeze(): void {
    this.#span = otherSpan(this.#span)
    this.#frozen = this.#open
    this.#frozenRows = this.#openRows
    this.#frozenBytes = this.#openBytes
    this.#open = []
    this.#openRows = 0
    this.#openBytes = 0
  }

  /** `isNew`: the committed layers had no such row. */
  commit(tell: (cell: number, isDeleted: boolean, isNew: boolean) => void): void {
    const cells = this.#cells
    const span = otherSpan(this.#span)
    for (const cell of this.#frozen) {
      // What was undone has no row.
      if (cells.has(cell, span)) {
        const isDeleted = cells.isDeleted(cell, span)
        const isNew = this.#isNew(cell)
        this.committed.commit(cell, span)
        tell(cell, isDeleted, isNew)
      } else this.#release(cell)
      cells.unlist(cell, span)
    }
    this.#forgetFrozen()
    cells.compact()
  }

  /** Open and frozen rows are gone. */
  abort(): void {
    this.#drop(this.#open, this.#span)
    this.#drop(this.#frozen, otherSpan(this.#span))
    this.#forgetFrozen()
    this.#forgetLast()
    this.#open = []
    this.#journal.bytes -= this.#openBytes
    this.#openRows = 0
    this.#openBytes = 0
  }

  /**
   * Rows in order, those of all layers as they are at the first `next`: what is in memory is copied
   * and the snapshot of LevelDB is taken in that one step.
   */
  async *scan(span: KeySpan, reverse = false): AsyncGenerator<readonly [string, Row], void> {
    const upper = this.#upper(span)
    yield* mergedRows(upper, this.committed.base(span, reverse), reverse)
  }

  #cellFor(bucket: number, key: string): number {
    if (key === this.#lastKey && this.#isLast(bucket)) return this.#last
    if (key === this.#missed && bucket === this.#missedBucket) {
      this.#missed = undefined
      const cell = this.#index.add(bucket, key)
      this.#cells.set(cell, COMMITTED, NO_ROW)
      return cell
    }
    const found = this.#index.find(bucket, key)
    return found === NONE ? this.#index.add(bucket, key) : found
  }

  /** A cell for a row that none has; `NONE`: there is no such row, and none to remember. */
  #look(bucket: number, key: string): number {
    if (this.committed.mayHave(bucket)) return this.#index.add(bucket, key)
    this.#missed = key
    this.#missedBucket = bucket
    return NONE
  }

  #forgetLast(): void {
    this.#last = NONE
    this.#missed = undefined
  }

  #isLast(bucket: number): boolean {
    const cells = this.#cells
    return (
      this.#last !== NONE &&
      bucket === this.#lastBucket &&
      this.#lastDepartures === cells.departures &&
      cells.is(this.#last, INDEXED)
    )
  }

  #drop(list: readonly number[], span: SpanVersion): void {
    const cells = this.#cells
    for (const cell of list) {
      cells.drop(cell, span)
      this.#release(cell)
      cells.unlist(cell, span)
    }
  }

  #forgetFrozen(): void {
    this.#frozen = []
    this.#journal.bytes -= this.#frozenBytes
    this.#frozenRows = 0
    this.#frozenBytes = 0
  }

  #setOpen(cell: number, row: Row): void {
    const cells = this.#cells
    const span = this.#span
    if (cells.has(cell, span)) this.#count(-cells.valueLength(cell, span))
    else {
      this.#openRows++
      this.#count(cells.baseCost(cell))
    }
    cells.set(cell, span, row)
    this.#count(cells.valueLength(cell, span))
  }

  #undo(cell: number, before: Row | undefined): void {
    if (before !== undefined) {
      this.#setOpen(cell, before)
      return
    }
    this.#openRows--
    this.#count(-this.#cells.cost(cell, this.#span))
    this.#cells.drop(cell, this.#span)
    this.#release(cell)
  }

  /** A cell that has no row of a span any more: only what is committed may keep it. */
  #release(cell: number): void {
    const cells = this.#cells
    if (!cells.isSettled(cell) || !cells.is(cell, INDEXED)) return
    const isThere = cells.has(cell, COMMITTED) && !cells.isDeleted(cell, COMMITTED)
    if (!isThere && cells.stage(cell) === UNKNOWN) this.#index.remove(cell)
  }

  #isNew(cell: number): boolean {
    const cells = this.#cells
    if (cells.has(cell, COMMITTED)) return cells.isDeleted(cell, COMMITTED)
    return this.#allNew || this.committed.look(cell).bytes === null
  }

  /** The newest rows of those within the bounds of which the base has no or an older one. */
  #upper(span: KeySpan): ReadonlyMap<string, Row> {
    const cells = this.#cells
    const upper = new Map<string, Row>()
    this.#index.forEach(span, (cell) => {
      if (cells.isSettled(cell) && this.committed.isBelow(cell)) return
      const key = cells.key(cell)
      if (!isWithin(span, key)) return
      const row = cells.newest(cell, this.#span)
      if (row !== undefined) upper.set(key, row)
    })
    return upper
  }

  #count(bytes: number): void {
    this.#openBytes += bytes
    this.#journal.bytes += bytes
  }
}
