/**
 * A cache of rows that LevelDB has, in generations: what a batch wrote is one as it is, so that
 * keeping it costs nothing per row; the oldest go when the byte budget is used up.
 *
 * 1. The newest generation that has a key has the truth: older ones may have older rows.
 * 2. So a generation is never left out while older ones stay.
 */
import { Layer } from './layer.ts'
import type { Row } from './row.ts'
import { ROW_OVERHEAD_BYTES } from './row.ts'

interface Generation {
  readonly rows: Layer<Row>
  bytes: number
}

/** A generation of rows that were read is full at this part of the budget. */
const PART = 4

export class CleanRows {
  readonly #budget: number
  /** Newest first. */
  #generations: Generation[] = []
  #bytes = 0

  /** `budgetBytes` of rows and what holds them; 0 keeps nothing. */
  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  /** Also a row that says that it was deleted. */
  get(bucket: number, key: string): Row | undefined {
    const generations = this.#generations
    for (let at = 0; at < generations.length; at++) {
      const row = generations[at]?.rows.get(bucket, key)
      if (row === undefined) continue
      // What is asked for again lives on when its generation goes.
      if (at > 0 && at >= generations.length >> 1) this.add(bucket, key, row)
      return row
    }
    return undefined
  }

  /** A row that was read, and that no generation has in another version. */
  add(bucket: number, key: string, row: Row): void {
    const bytes = key.length + (row.bytes?.length ?? 0) + ROW_OVERHEAD_BYTES
    let newest = this.#generations[0]
    if (newest === undefined || newest.bytes + bytes > this.#budget / PART) {
      newest = { rows: new Layer(), bytes: 0 }
      this.#generations.unshift(newest)
    }
    newest.rows.set(bucket, key, row)
    newest.bytes += bytes
    this.#bytes += bytes
    this.#evict()
  }

  /** What a batch wrote, newer than everything here. */
  adopt(rows: Layer<Row>, bytes: number): void {
    if (rows.isEmpty) return
    this.#generations.unshift({ rows, bytes })
    this.#bytes += bytes
    this.#evict()
  }

  clear(): void {
    this.#generations = []
    this.#bytes = 0
  }

  #evict(): void {
    while (this.#bytes > this.#budget) {
      const oldest = this.#generations.pop()
      if (oldest === undefined) return
      this.#bytes -= oldest.bytes
    }
  }
}
