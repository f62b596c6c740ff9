/**
 * The cells whose rows LevelDB has: a cache. The oldest go when the byte budget is used up, except
 * those that were asked for meanwhile: they get another round.
 */
import type { Cell } from './cell.ts'
import type { CellIndex } from './cell-index.ts'

/** Places at the head of the queue that may be empty before it is cut. */
const SLACK = 4096

export class CleanCells {
  readonly #index: CellIndex
  readonly #budget: number
  #queue: Cell[] = []
  #head = 0
  #bytes = 0
  /** In the queue, of rows that are gone. */
  #dead = 0

  /** `budgetBytes` of rows and what holds them; 0 keeps nothing. */
  constructor(index: CellIndex, budgetBytes: number) {
    this.#index = index
    this.#budget = budgetBytes
  }

  /** Its committed row is that of LevelDB. */
  add(cell: Cell): void {
    cell.stage = 'clean'
    this.#bytes += cell.cost
    if (!cell.queued) {
      cell.queued = true
      this.#queue.push(cell)
    }
    if (this.#bytes > this.#budget) this.#evict()
  }

  /** It gets a newer row. */
  leave(cell: Cell): void {
    this.#bytes -= cell.cost
  }

  /** Its row is gone for readers. */
  drop(cell: Cell): void {
    this.#bytes -= cell.cost
    cell.stage = 'unknown'
    cell.committed = undefined
    this.#dead++
    if (this.#dead < SLACK || this.#dead * 2 < this.#queue.length - this.#head) return
    this.#queue = this.#queue.slice(this.#head).filter((each) => {
      each.queued = each.stage === 'clean'
      return each.queued
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
  #spares(cell: Cell): boolean {
    cell.queued = false
    if (cell.stage !== 'clean') return false
    const { used } = cell
    if (cell.indexed && (used || !cell.isSettled)) {
      cell.used = false
      cell.queued = true
      this.#queue.push(cell)
      return used
    }
    this.#bytes -= cell.cost
    cell.stage = 'unknown'
    this.#index.evict(cell)
    return false
  }
}
