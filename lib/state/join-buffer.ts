/**
 * The records of one side of a stream-stream join. Which there are is known in memory; a row that was
 * evicted is read by its whole key, so a fetch is synchronous.
 *
 * That is derived from the rows: what an abort drops is forgotten, so a sequence number is one more
 * than the highest that the buffer holds, whatever happened before (schedules B15).
 */
import type { InnerJoinBuffer } from './inner-stores.ts'
import type { JoinCells } from './join-cells.ts'
import type { StoreKey } from './key-format.ts'
import { startOf, windowChangelogKey, windowStoreKey } from './key-format.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'
import { EVER } from './window-store.ts'

export class JoinBufferRows<K, V> implements InnerJoinBuffer<K, V>, TypedStore {
  readonly #parts: StoreParts
  readonly #cells: JoinCells

  constructor(parts: StoreParts, cells: JoinCells) {
    this.#parts = parts
    this.#cells = cells
  }

  put(key: K, value: V, timestamp: number): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (timestamp < bound.value) return
    const name = codec.keyName(key)
    const row = codec.row(value, timestamp, name.length + 12)
    rows.open(this.#cells.next(bucketOf(timestamp, bucketMs), name, timestamp), row)
  }

  visit(key: K, from: number, to: number, see: (value: V, timestamp: number) => void): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    const first = Math.max(from, bound.value)
    const buckets = [bucketOf(first, bucketMs), bucketOf(to, bucketMs)] as const
    this.#cells.visit(codec.keyName(key), buckets, first, to, (cell) => {
      const row = rows.read(cell)
      // Written by this store's own serde.
      if (row !== undefined) see(codec.value(row) as V, row.timestamp)
    })
  }

  expireBefore(timestamp: number): void {
    this.#parts.bound.raise(timestamp)
  }

  changelogKey(storeKey: Buffer): Buffer {
    return windowChangelogKey(storeKey)
  }

  storeKey(changelogKey: Buffer): StoreKey | undefined {
    return windowStoreKey(changelogKey)
  }

  async load(): Promise<void> {
    const { rows, bucketMs } = this.#parts
    for await (const [key] of rows.scan(EVER))
      this.#cells.add(bucketOf(startOf(key), bucketMs), key)
  }
}
