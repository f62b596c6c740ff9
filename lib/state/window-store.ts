/**
 * Rows by key and start of a window, and by a number: of a pane the windows that it came too late
 * for, of duplicates the order in which they were put. Time leads in the store, so that a scan of
 * one window and the expiry of old ones touch no other rows.
 */

import type { KeySpan } from './cell-index.ts'
import type { InnerWindowStore, RowOf, WindowedRow, WindowFetch } from './inner-stores.ts'
import type { SpanNumber } from './journal.ts'
import type { StoreKey } from './key-format.ts'
import {
  partsOf,
  startOf,
  startPrefix,
  windowChangelogKey,
  windowKey,
  windowStoreKey,
} from './key-format.ts'
import { deletedRow } from './row.ts'
import type { RowEntry, StoreParts, TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'

export class WindowRows<K, V> implements InnerWindowStore<K, V>, TypedStore {
  readonly #parts: StoreParts
  readonly #highest: SpanNumber
  #key: K | undefined
  #start = 0
  #n = 0
  #name = ''

  constructor(parts: StoreParts, highest: SpanNumber) {
    this.#parts = parts
    this.#highest = highest
  }

  get highestStart(): number | undefined {
    const { value } = this.#highest
    return value === Number.NEGATIVE_INFINITY ? undefined : value
  }

  get(key: K, start: number, n = 0): RowOf<V> | undefined {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (start < bound.value) return undefined
    const row = rows.get(bucketOf(start, bucketMs), this.#nameOf(key, start, n))
    // The row was written by this store's own serde.
    return row === undefined
      ? undefined
      : { value: codec.value(row) as V, timestamp: row.timestamp }
  }

  put(key: K, value: V, start: number, timestamp: number, n = 0): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (start < bound.value) return
    const name = this.#nameOf(key, start, n)
    rows.put(bucketOf(start, bucketMs), name, codec.row(value, timestamp, name.length))
    this.#highest.raise(start)
  }

  delete(key: K, start: number, timestamp: number, n = 0): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (start < bound.value) return
    const name = windowKey(start, codec.keyName(key), n)
    rows.put(bucketOf(start, bucketMs), name, deletedRow(timestamp))
  }

  append(key: K, value: V, start: number, timestamp: number): void {
    this.put(key, value, start, timestamp, this.#countOf(key, start))
  }

  async *fetch(
    key: K,
    fromStart: number,
    toStart: number,
    { reverse = false }: WindowFetch = {},
  ): AsyncIterable<WindowedRow<K, V>> {
    const wanted = this.#parts.codec.keyName(key)
    for await (const entry of this.#scan(fromStart, toStart, reverse))
      if (entry[0].length === wanted.length + 12 && entry[0].startsWith(wanted, 8))
        yield this.#rowOf(entry)
  }

  async *fetchAll(
    fromStart: number,
    toStart: number,
    { reverse = false }: WindowFetch = {},
  ): AsyncIterable<WindowedRow<K, V>> {
    for await (const entry of this.#scan(fromStart, toStart, reverse)) yield this.#rowOf(entry)
  }

  expireBefore(start: number): void {
    this.#parts.bound.raise(start)
  }

  changelogKey(storeKey: Buffer): Buffer {
    return windowChangelogKey(storeKey)
  }

  storeKey(changelogKey: Buffer): StoreKey | undefined {
    return windowStoreKey(changelogKey)
  }

  restored(_key: string, start: number): void {
    this.#highest.raiseCommitted(start)
  }

  async load(): Promise<void> {
    for await (const [key] of this.#parts.rows.scan(EVER, true)) {
      this.#highest.raiseCommitted(startOf(key))
      return
    }
  }

  forget(): void {
    this.#highest.reset(Number.NEGATIVE_INFINITY)
  }

  /** Of the row in hand, which is most often read and then written. */
  #nameOf(key: K, start: number, n: number): string {
    if (typeof key === 'string' && key === this.#key && start === this.#start && n === this.#n)
      return this.#name
    this.#name = windowKey(start, this.#parts.codec.keyName(key), n)
    this.#key = key
    this.#start = start
    this.#n = n
    return this.#name
  }

  /**
   * How many rows there are under a key and start. Their numbers have no gaps, for they go only
   * together: so it is found by doubling and halving.
   */
  #countOf(key: K, start: number): number {
    let above = 1
    while (this.#has(key, start, above - 1)) above *= 2
    let low = above >> 1
    let high = above - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#has(key, start, middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  #has(key: K, start: number, n: number): boolean {
    const { rows, codec, bucketMs } = this.#parts
    const name = windowKey(start, codec.keyName(key), n)
    return rows.get(bucketOf(start, bucketMs), name) !== undefined
  }

  #scan(from: number, to: number, reverse: boolean): AsyncIterable<RowEntry> {
    const { rows, bound, bucketMs } = this.#parts
    return rows.scan(windowSpan(Math.max(from, bound.value), to, bucketMs), reverse)
  }

  #rowOf([key, row]: RowEntry): WindowedRow<K, V> {
    const { codec } = this.#parts
    const parts = partsOf(key)
    return {
      // Written by this store's own serdes.
      key: codec.key(Buffer.from(parts.key, 'latin1')) as K,
      value: codec.value(row) as V,
      timestamp: row.timestamp,
      start: startOf(key),
      n: parts.n,
    }
  }
}

const EVER: KeySpan = {
  fromBucket: Number.NEGATIVE_INFINITY,
  toBucket: Number.POSITIVE_INFINITY,
  from: undefined,
  until: undefined,
}

/** Rows that start within the bounds, both included; any number is a bound. */
function windowSpan(from: number, to: number, bucketMs: number): KeySpan {
  const first = Math.max(Math.ceil(from), Number.MIN_SAFE_INTEGER)
  const last = Math.min(Math.floor(to), Number.MAX_SAFE_INTEGER)
  return {
    fromBucket: bucketOf(first, bucketMs),
    toBucket: bucketOf(last, bucketMs),
    from: startPrefix(first),
    until: last < first ? startPrefix(first) : startPrefix(last + 1),
  }
}

export { EVER }
