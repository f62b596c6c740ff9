/**
 * A cache of rows that LevelDB has: two generations, of which the older one is dropped when the
 * younger has used half of the byte budget. A row that is read again moves to the younger one.
 */
import type { Row } from './row.ts'
import { ROW_OVERHEAD_BYTES } from './row.ts'

export class CleanRows {
  readonly #budget: number
  #young = new Map<string, Row>()
  #old = new Map<string, Row>()
  #youngBytes = 0

  /** `budgetBytes` of rows and what holds them; 0 keeps nothing. */
  constructor(budgetBytes: number) {
    this.#budget = budgetBytes / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): Row | undefined {
    const row = this.#young.get(key)
    if (row !== undefined) return row
    const old = this.#old.get(key)
    if (old !== undefined) {
      this.#old.delete(key)
      this.set(key, old)
    }
    return old
  }

  /** The row as LevelDB has it now: replaces what was known of the key. */
  set(key: string, row: Row): void {
    this.delete(key)
    const bytes = bytesOf(key, row)
    if (bytes > this.#budget) return
    if (this.#youngBytes + bytes > this.#budget) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(key, row)
    this.#youngBytes += bytes
  }

  delete(key: string): void {
    const row = this.#young.get(key)
    if (row === undefined) this.#old.delete(key)
    else {
      this.#young.delete(key)
      this.#youngBytes -= bytesOf(key, row)
    }
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#youngBytes = 0
  }
}

function bytesOf(key: string, row: Row): number {
  return key.length + (row.bytes?.length ?? 0) + ROW_OVERHEAD_BYTES
}
