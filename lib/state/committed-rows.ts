/**
 * The committed rows of one store: in memory alone, or in the row table over LevelDB. Keys are
 * bytes, one char each.
 */

import type { SpanVersion } from './cell-flags.ts'
import { COMMITTED } from './cell-flags.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import type { Cells } from './cells.ts'
import type { Row } from './row.ts'
import { deletedRow, encodedRow } from './row.ts'
import { SortedRows } from './sorted-rows.ts'

/** Rows in order, in pieces; deleted ones may be among them. */
export type RowPieces = AsyncIterable<readonly (readonly [key: string, row: Row])[]>

/** Stands for a committed row that is not there. */
export const NO_ROW: Row = deletedRow(-1)

export interface CommittedRows {
  readonly pendingBytes: number
  /** Whether a row that no cell has can be below. */
  mayHave(bucket: number): boolean
  /** Looks for the committed row of a cell that does not know it. */
  look(cell: number): Row
  /** A newer committed row. */
  keep(cell: number, row: Row): void
  /** The row of a span is the newest committed one. */
  commit(cell: number, span: SpanVersion): void
  /** Whether `base` has the committed row of this cell. */
  isBelow(cell: number): boolean
  /** What is below the cells, as it is at the first `next`. */
  base(span: KeySpan, reverse: boolean): RowPieces
  /** All rows of buckets and keys below are gone for readers already: they leave memory. */
  dropBefore(bucket: number, key: string): void
  /** Everything in memory goes; what is on disk is the caller's to clear. */
  forget(): void
}

/**
 * A store `in: 'memory'`: nothing is left after the process. Every row has its cell; that they are
 * sorted, too, serves scans.
 */
export class MemoryRows implements CommittedRows {
  readonly pendingBytes = 0
  readonly #cells: Cells
  readonly #index: CellIndex
  readonly #rows = new SortedRows<Row>()

  constructor(cells: Cells, index: CellIndex) {
    this.#cells = cells
    this.#index = index
  }

  mayHave(): boolean {
    return false
  }

  look(cell: number): Row {
    this.#cells.set(cell, COMMITTED, NO_ROW)
    return NO_ROW
  }

  keep(cell: number, row: Row): void {
    const key = this.#cells.key(cell)
    if (row.bytes === null) this.#rows.delete(key)
    else this.#rows.set(key, ownRow(row))
    this.#cells.set(cell, COMMITTED, row)
    if (row.bytes === null && this.#cells.isSettled(cell)) this.#index.remove(cell)
  }

  commit(cell: number, span: SpanVersion): void {
    const row = this.#cells.row(cell, span)
    this.#cells.drop(cell, span)
    if (row !== undefined) this.keep(cell, row)
  }

  isBelow(): boolean {
    return true
  }

  async *base({ from, until }: KeySpan, reverse: boolean): RowPieces {
    yield [...this.#rows.snapshot({ from, until, reverse })]
  }

  dropBefore(bucket: number, key: string): void {
    this.#index.dropBefore(bucket)
    for (const [each] of this.#rows.snapshot({ until: key })) this.#rows.delete(each)
  }

  forget(): void {
    this.#index.clear()
    this.#cells.clear()
    this.#rows.clear()
  }
}

/** Not a view of memory that holds other rows, too, and would stay with it. */
function ownRow(row: Row): Row {
  return Buffer.isBuffer(row.bytes) ? encodedRow(Buffer.from(row.bytes), row.timestamp) : row
}
