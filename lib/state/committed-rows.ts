/**
 * The committed rows of one store: in memory alone, or in the row table over LevelDB. Keys are
 * bytes, one char each.
 */
import type { Cell } from './cell.ts'
import { ABSENT } from './cell.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import type { Row } from './row.ts'
import { SortedRows } from './sorted-rows.ts'

/** Rows in order, in pieces; deleted ones may be among them. */
export type RowPieces = AsyncIterable<readonly (readonly [key: string, row: Row])[]>

export interface CommittedRows {
  readonly pendingBytes: number
  /** Whether a row that no cell has can be below. */
  mayHave(bucket: number): boolean
  /** Looks for the committed row of a cell that does not know it. */
  look(cell: Cell): Row
  /** A newer committed row. */
  keep(cell: Cell, row: Row): void
  /** Whether `base` has the committed row of this cell. */
  isBelow(cell: Cell): boolean
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
  readonly #index: CellIndex
  readonly #rows = new SortedRows<Row>()

  constructor(index: CellIndex) {
    this.#index = index
  }

  mayHave(): boolean {
    return false
  }

  look(cell: Cell): Row {
    cell.committed = ABSENT
    return ABSENT
  }

  keep(cell: Cell, row: Row): void {
    if (row.bytes === null) this.#rows.delete(cell.key)
    else this.#rows.set(cell.key, row)
    cell.committed = row
    if (row.bytes === null && cell.isSettled) this.#index.remove(cell)
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
    this.#rows.clear()
  }
}
