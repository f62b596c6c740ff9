/**
 * Puts rows of a changelog back into a store: on top of its committed layers, or, as long as nothing
 * is in memory that they could meet, straight into the next batch. Rows below `known`, which the
 * layers have already, are passed over.
 */
import { FatalError } from '../core/errors.ts'
import type { RecordView } from '../core/record-view.ts'
import type { CellIndex } from './cell-index.ts'
import { encodedRow } from './row.ts'
import type { RowTable } from './row-table.ts'
import type { Segments } from './segments.ts'
import type { StoreRows } from './store-rows.ts'
import type { StoreSpec } from './store-spec.ts'
import type { RestoredRow } from './task-state-options.ts'
import type { TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'

export interface ReplayParts {
  readonly spec: StoreSpec
  readonly inner: TypedStore
  readonly rows: StoreRows
  readonly index: CellIndex
  /** Undefined for stores in memory. */
  readonly table: RowTable | undefined
  readonly segments: Segments
  readonly bucketMs: number
  /** Windowed rows that start before have expired. */
  readonly bound: () => number
}

export class Replay {
  readonly #parts: ReplayParts

  constructor(parts: ReplayParts) {
    this.#parts = parts
  }

  /** Throws FatalError CHANGELOG_DIVERGED for what is no row of this kind. */
  apply(rows: readonly RestoredRow[], known: number): void {
    const { inner } = this.#parts
    for (const row of rows) {
      const at = inner.storeKey(row.key, row.value)
      if (at === undefined) throw this.#foreign(row)
      if (row.offset >= known) this.#put(row, at.key, at.start)
    }
  }

  /**
   * Rows of a key-value store, whose keys in the changelog are those in LevelDB. The view is kept, and nobody
   * may read, until the next batch is written. Undefined: they must go through the layers.
   */
  load(view: RecordView, firstIndex: number, known: number): number | undefined {
    const { spec, table, index, segments } = this.#parts
    if (table === undefined || spec.kind !== 'key-value' || !index.isEmpty) return undefined
    let count = 0
    for (let at = firstIndex; at < view.count; at++) {
      const offset = view.offset(at)
      if (offset < known) continue
      const isRow = table.load(0, view, at)
      if (isRow === undefined) continue
      segments.note(0, offset, isRow ? 1 : 0)
      count++
    }
    return count
  }

  #put(row: RestoredRow, key: string, start: number): void {
    const { spec, inner, rows, segments, bucketMs, bound } = this.#parts
    const isWindowed = spec.kind !== 'key-value'
    if (isWindowed && start < bound()) return
    // Whether it is new would cost a read of each: a changelog has most keys once.
    segments.note(start, row.offset, row.value === null ? 0 : 1)
    const bytes = row.value === null ? null : Buffer.from(row.value)
    rows.restore(isWindowed ? bucketOf(start, bucketMs) : 0, key, encodedRow(bytes, row.timestamp))
    inner.restored?.(key, start)
  }

  #foreign(row: RestoredRow): FatalError {
    const { spec } = this.#parts
    return new FatalError(
      'CHANGELOG_DIVERGED',
      `the changelog '${spec.changelog?.topic}' has at offset ${row.offset} what is no row of a ${spec.kind} store (a key of ${row.key.length} bytes): another program writes to it, or the store's kind changed under its name; give the store a new name or delete the topic`,
    )
  }
}
