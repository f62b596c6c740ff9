/**
 * The cells whose rows LevelDB has: a cache. The oldest go when the byte budget is used up, except
 * those that were asked for meanwhile: they get another round.
 */

import { CLEAN, COMMITTED, INDEXED, QUEUED, UNKNOWN, USED } from './cell-flags.ts'
import type { CellIndex } from './cell-index.ts'
import type { Cells } from './cells.ts'

/** Places at the head of the queue that may be empty before it is cut. */
const SLACK = 4096

export class CleanCells {
  readonly #cells: Cells
  readonly #index: CellIndex
  readonly #budget: number
  #queue: number[] = []
  #head = 0
  #bytes = 0
  /** In the queue, of rows that are gone. */
  #dead = 0

  /** `budgetBytes` of rows and what holds them; 0 keeps nothing. */
  constructor(cells: Cells, index: CellIndex, budgetBytes: number) {
    this.#cells = cells
    this.#index = index
    this.#budget = budgetBytes
  }

  /** Its committed row is that of LevelDB. */
  add(cell: number): void {
    const cells = this.#cells
    cells.setStage(cell, CLEAN)
    this.#bytes += cells.cost(cell, COMMITTED)
    if (!cells.is(cell, QUEUED)) {
      cells.mark(cell, QUEUED)
      this.#queue.push(cell)
    }
    if (this.#bytes > this.#budget) this.#evict()
  }

  /** It gets a newer row. */
  leave(cell: number): void {
    this.#bytes -= this.#cells.cost(cell, COMMITTED)
  }

  /** Its row is gone for readers. */
  drop(cell: number): void {
    const cells = this.#cells
    this.#bytes -= cells.cost(cell, COMMITTED)
    cells.drop(cell, COMMITTED)
    cells.setStage(cell, UNKNOWN)
    this.#dead++
    if (this.#dead < SLACK || this.#dead * 2 < this.#queue.length - this.#head) return
    this.#queue = this.#queue.slice(this.#head).filter((each) => {
      const isClean = cells.stage(each) === CLEAN
      if (!isClean) cells.unmark(each, QUEUED)
      return isClean
    })
    this.#head = 0
    this.#dead = 0
  }

  clear(): void {
    this.#queue = []
    this.#head = 0
    this.#bytes = 0
    this.#dead = 0
  }

  #evict(): void {
    // Whoever is spared comes round again, with nothing to be spared for.
    let left = this.#queue.length - this.#head
    while (this.#bytes > this.#budget && left > 0) {
      const cell = this.#queue[this.#head++]
      if (cell === undefined) break
      if (!this.#spares(cell)) left--
    }
    if (this.#head < SLACK || this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  /** Whether it stays for its use; one that cannot go now waits behind the others. */
  #spares(cell: number): boolean {
    const cells = this.#cells
    if (cells.stage(cell) !== CLEAN) {
      cells.unmark(cell, QUEUED)
      return false
    }
    const used = cells.is(cell, USED)
    if (cells.is(cell, INDEXED) && (used || !cells.isSettled(cell))) {
      cells.unmark(cell, USED)
      this.#queue.push(cell)
      return used
    }
    this.#bytes -= cells.cost(cell, COMMITTED)
    // Its index lets go of it, too, or keeps it without its row.
    this.#index.evict(cell)
    cells.setStage(cell, UNKNOWN)
    cells.unmark(cell, QUEUED)
    return false
  }
}
