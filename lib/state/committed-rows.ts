/**
 * The committed rows of one store: in memory alone, or in the row table over LevelDB. Keys are
 * bytes, one char each.
 */
import type { KeySpan, Layer } from './layer.ts'
import type { Row } from './row.ts'
import { SortedRows } from './sorted-rows.ts'

/** Rows in order, in pieces; deleted ones may be among them. */
export type RowPieces = AsyncIterable<readonly (readonly [key: string, row: Row])[]>

export interface CommittedRows {
  readonly pendingBytes: number
  get(bucket: number, key: string): Row | undefined
  set(bucket: number, key: string, row: Row): void
  /** The layers above the base, the topmost last. */
  layers(): readonly Layer<Row>[]
  /** What is below the layers, as it is at the first `next`. */
  base(span: KeySpan, reverse: boolean): RowPieces
  /** All rows whose keys are below are gone for readers already. */
  dropBefore(key: string): void
  /** Everything in memory goes; what is on disk is the caller's to clear. */
  forget(): void
}

/** A store `in: 'memory'`: there is nothing below, and nothing left after the process. */
export class MemoryRows implements CommittedRows {
  readonly pendingBytes = 0
  readonly #rows = new SortedRows<Row>()

  get(_bucket: number, key: string): Row | undefined {
    return this.#rows.get(key)
  }

  set(_bucket: number, key: string, row: Row): void {
    if (row.bytes === null) this.#rows.delete(key)
    else this.#rows.set(key, row)
  }

  layers(): readonly Layer<Row>[] {
    return []
  }

  async *base({ from, until }: KeySpan, reverse: boolean): RowPieces {
    yield [...this.#rows.snapshot({ from, until, reverse })]
  }

  dropBefore(key: string): void {
    for (const [each] of this.#rows.snapshot({ until: key })) this.#rows.delete(each)
  }

  forget(): void {
    this.#rows.clear()
  }
}
