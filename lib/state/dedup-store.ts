/**
 * Ids that were seen, per key, in segments of arrival time. An id is a repeat while its first record
 * came at most the horizon ago, by stream time at arrival on both sides; later it counts as new.
 *
 * A filter per segment answers for almost every new id, so that LevelDB is asked about repeats only.
 */
import { mapKey, readInt64 } from '../core/bytes.ts'
import { BloomFilter, hashOf, type KeyHash } from './bloom-filter.ts'
import type { InnerDedupStore } from './inner-stores.ts'
import type { StoreKey } from './key-format.ts'
import { dedupKey, dedupPart, dedupStoreKey, prefixOf, START_BYTES, startOf } from './key-format.ts'
import type { Row } from './row.ts'
import { valueRow } from './row.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'
import { EVER } from './window-store.ts'

export class DedupRows<K> implements InnerDedupStore<K>, TypedStore {
  readonly #parts: StoreParts
  readonly #filters = new Map<number, BloomFilter>()
  /** The row written last: many records come at one time. */
  #row = valueRow(-1, -1)

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  add(key: K, id: string, time: number): boolean {
    const { spec, rows, codec, segmentMs, bound } = this.#parts
    const oldest = time - spec.retentionMs
    const segment = bucketOf(time, segmentMs)
    const name = prefixOf(segment * segmentMs) + dedupKey(codec.keyName(key), id)
    const hash = hashOf(name, START_BYTES)
    const filter = this.#filterOf(segment)
    const maybe = filter.mayHave(hash)
    if (this.#seen(name, hash, oldest, maybe ? undefined : segment)) return false
    // An id may come again in the segment that still has the row it is forgotten by.
    if (maybe) rows.put(segment, name, this.#rowOf(time))
    else rows.add(segment, name, this.#rowOf(time))
    filter.add(hash)
    if (oldest > bound.value) bound.raise(bucketOf(oldest, segmentMs) * segmentMs)
    return true
  }

  changelogKey(storeKey: Buffer): Buffer {
    return storeKey.subarray(START_BYTES)
  }

  storeKey(changelogKey: Buffer, value: Buffer | null): StoreKey | undefined {
    if (value === null || value.length !== 8) return undefined
    return dedupStoreKey(mapKey(changelogKey), readInt64(value, 0), this.#parts.segmentMs)
  }

  restored(key: string, start: number): void {
    this.#filterOf(bucketOf(start, this.#parts.segmentMs)).add(hashOf(key, START_BYTES))
  }

  async load(): Promise<void> {
    for await (const [key] of this.#parts.rows.scan(EVER)) this.restored(key, startOf(key))
  }

  expired(start: number): void {
    const first = bucketOf(start, this.#parts.segmentMs)
    for (const segment of this.#filters.keys()) if (segment < first) this.#filters.delete(segment)
  }

  forget(): void {
    this.#filters.clear()
  }

  /** `name`: in any segment. `without`: a segment that has no such row, as its filter said. */
  #seen(name: string, hash: KeyHash, oldest: number, without: number | undefined): boolean {
    const { rows, segmentMs, bound } = this.#parts
    const first = bucketOf(Math.max(oldest, bound.value), segmentMs)
    for (const [segment, filter] of this.#filters) {
      if (segment < first || segment === without || !filter.mayHave(hash)) continue
      const row = rows.get(segment, prefixOf(segment * segmentMs) + dedupPart(name))
      if (row !== undefined && timeOf(row) >= oldest) return true
    }
    return false
  }

  #rowOf(time: number): Row {
    if (this.#row.value !== time) this.#row = valueRow(time, time)
    return this.#row
  }

  #filterOf(segment: number): BloomFilter {
    let filter = this.#filters.get(segment)
    if (filter === undefined) {
      filter = new BloomFilter()
      this.#filters.set(segment, filter)
    }
    return filter
  }
}

function timeOf(row: Row): number {
  const { bytes, value } = row
  if (typeof value === 'number') return value
  return Buffer.isBuffer(bytes) ? readInt64(bytes, 0) : -1
}
