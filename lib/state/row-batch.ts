/**
 * The rows that one batch brings to LevelDB, as they were when it was collected, whatever their cells
 * have since. Until it is done, nothing of what it refers to goes or moves.
 */
import type { Cells } from './cells.ts'
import type { Row } from './row.ts'

/** Kind, value, timestamp and key of a row. */
const FIELDS = 4
const FIRST_ROWS = 256

export class RowBatch {
  readonly cells: number[] = []
  readonly #cells: Cells
  #rows = new Float64Array(FIRST_ROWS * FIELDS)

  constructor(cells: Cells) {
    this.#cells = cells
    cells.hold()
  }

  /** Takes the committed row of a cell. */
  add(cell: number): void {
    const at = this.cells.length * FIELDS
    if (at === this.#rows.length) {
      const rows = new Float64Array(at * 2)
      rows.set(this.#rows)
      this.#rows = rows
    }
    this.#cells.copy(cell, this.#rows, at)
    this.cells.push(cell)
  }

  row(index: number): Row {
    const rows = this.#rows
    const at = index * FIELDS
    return this.#cells.rowOf(rows[at] as number, rows[at + 1] as number, rows[at + 2] as number)
  }

  /** Of the row's key, in the keys of the cells. */
  keyRef(index: number): number {
    return this.#rows[index * FIELDS + FIELDS - 1] ?? 0
  }

  /** Nobody asks for its rows any more. */
  close(): void {
    this.#rows = new Float64Array(0)
    this.#cells.letGo()
  }
}
