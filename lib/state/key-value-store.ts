/**
 * One row per key, ordered by key bytes. With a ttl, rows that are too old read as absent, and a
 * sweep deletes them bit by bit, in the changelog too.
 */
import { mapKey, prefixEnd } from '../core/bytes.ts'
import type { KeySpan } from './cell-index.ts'
import type { InnerKeyValueStore, KeyedRow, KeyRange, RowOf } from './inner-stores.ts'
import { plainStoreKey, type StoreKey } from './key-format.ts'
import type { Row } from './row.ts'
import { deletedRow } from './row.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'

/** Rows that one sweep looks at. */
const SWEEP_ROWS = 1000

export class KeyValueRows<K, V> implements InnerKeyValueStore<K, V>, TypedStore {
  readonly #parts: StoreParts
  /** Where the next sweep begins. */
  #sweepFrom: string | undefined
  #doomed: string[] = []

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  get(key: K): RowOf<V> | undefined {
    const { rows, codec } = this.#parts
    const row = rows.get(0, codec.keyName(key))
    if (row === undefined || this.#isExpired(row)) return undefined
    // The row was written by this store's own serde.
    return { value: codec.value(row) as V, timestamp: row.timestamp }
  }

  put(key: K, value: V, timestamp: number): void {
    const { rows, codec } = this.#parts
    const name = codec.keyName(key)
    rows.put(0, name, codec.row(value, timestamp, name.length))
  }

  delete(key: K, timestamp: number): void {
    const { rows, codec } = this.#parts
    rows.put(0, codec.keyName(key), deletedRow(timestamp))
  }

  async *range({ from, to, reverse, limit }: KeyRange<K> = {}): AsyncIterable<KeyedRow<K, V>> {
    const { codec } = this.#parts
    const span = {
      ...ALL,
      from: from === undefined ? undefined : codec.keyName(from),
      // The next key of all: the same bytes and one more.
      until: to === undefined ? undefined : `${codec.keyName(to)}\0`,
    }
    if (limit !== undefined && limit <= 0) return
    let left = limit ?? Number.POSITIVE_INFINITY
    for await (const row of this.#scan(span, reverse)) {
      yield row
      if (--left === 0) return
    }
  }

  prefix(bytes: Buffer): AsyncIterable<KeyedRow<K, V>> {
    const end = prefixEnd(bytes)
    return this.#scan({
      ...ALL,
      from: mapKey(bytes),
      until: end === undefined ? undefined : mapKey(end),
    })
  }

  expireBefore(timestamp: number): void {
    this.#parts.bound.raise(timestamp)
  }

  async approximateSize(): Promise<number> {
    await Promise.resolve()
    return this.#parts.rowCount()
  }

  changelogKey(storeKey: Buffer): Buffer {
    return storeKey
  }

  storeKey(changelogKey: Buffer): StoreKey {
    return plainStoreKey(changelogKey)
  }

  /** What the sweep found is deleted with the span, if it has not been written again. */
  freezing(): void {
    const { rows, bound } = this.#parts
    for (const key of this.#doomed) {
      const row = rows.get(0, key)
      if (row !== undefined && this.#isExpired(row)) rows.put(0, key, deletedRow(bound.value))
    }
    this.#doomed = []
  }

  async sweep(): Promise<void> {
    const { spec, rows } = this.#parts
    if (spec.ttlMs === Number.POSITIVE_INFINITY || this.#doomed.length > 0) return
    let looked = 0
    const from = this.#sweepFrom
    this.#sweepFrom = undefined
    for await (const [key, row] of rows.scan({ ...ALL, from })) {
      if (++looked > SWEEP_ROWS) {
        this.#sweepFrom = key
        return
      }
      if (this.#isExpired(row)) this.#doomed.push(key)
    }
  }

  forget(): void {
    this.#doomed = []
  }

  async *#scan(span: KeySpan, reverse = false): AsyncGenerator<KeyedRow<K, V>, void> {
    const { rows, codec } = this.#parts
    for await (const [key, row] of rows.scan(span, reverse)) {
      if (this.#isExpired(row)) continue
      const bytes = Buffer.from(key, 'latin1')
      // Written by this store's own serdes.
      yield { key: codec.key(bytes) as K, value: codec.value(row) as V, timestamp: row.timestamp }
    }
  }

  #isExpired(row: Row): boolean {
    return row.timestamp < this.#parts.bound.value
  }
}

const ALL: KeySpan = { fromBucket: 0, toBucket: 0, from: undefined, until: undefined }
