/**
 * Stores as operators see them: more than their public faces have.
 *
 * 1. Single rows are synchronous. A value that is handed out is the caller's: it never aliases the
 *    store, and changing it changes no row.
 * 2. `put` encodes what can be changed in place: ENCODE_FAILED and VALUE_TOO_LARGE are thrown by it.
 * 3. A scan sees the rows as they were at its first `next`, those of the open span included.
 * 4. Bounds of time are inclusive. Order is that of bytes: of starts, then of keys.
 */

export interface RowOf<V> {
  readonly value: V
  readonly timestamp: number
}

export interface KeyedRow<K, V> extends RowOf<V> {
  readonly key: K
}

export interface WindowedRow<K, V> extends KeyedRow<K, V> {
  readonly start: number
  /** Of a pane: late for the first n windows. Of duplicates: the sequence number. Else 0. */
  readonly n: number
}

export interface KeyRange<K> {
  /** Inclusive, both. */
  readonly from?: K
  readonly to?: K
  readonly reverse?: boolean
  readonly limit?: number
}

export interface InnerKeyValueStore<K, V> {
  get(key: K): RowOf<V> | undefined
  put(key: K, value: V, timestamp: number): void
  delete(key: K, timestamp: number): void
  range(range?: KeyRange<K>): AsyncIterable<KeyedRow<K, V>>
  /** Keys whose bytes begin so. */
  prefix(bytes: Buffer): AsyncIterable<KeyedRow<K, V>>
  /** Rows with an older timestamp read as absent from now on, and go with time. For a ttl. */
  expireBefore(timestamp: number): void
  /** Roughly how many rows there are. */
  approximateSize(): Promise<number>
}

export interface WindowFetch {
  readonly reverse?: boolean
}

export interface InnerWindowStore<K, V> {
  get(key: K, start: number, n?: number): RowOf<V> | undefined
  put(key: K, value: V, start: number, timestamp: number, n?: number): void
  delete(key: K, start: number, timestamp: number, n?: number): void
  /** Rows of one key, ordered by start, then n. Reads all rows of those starts: prefer `get`. */
  fetch(
    key: K,
    fromStart: number,
    toStart: number,
    options?: WindowFetch,
  ): AsyncIterable<WindowedRow<K, V>>
  /** Ordered by start, then key bytes, then n. */
  fetchAll(
    fromStart: number,
    toStart: number,
    options?: WindowFetch,
  ): AsyncIterable<WindowedRow<K, V>>
  /** Adds a row behind those that are there under this key and start; for `duplicates`. */
  append(key: K, value: V, start: number, timestamp: number): void
  /** Rows that start before are gone for readers now, and from disk once this span has committed. */
  expireBefore(start: number): void
  /** The highest start that a row was ever put under; undefined when there are no rows. */
  readonly highestStart: number | undefined
}

export interface InnerJoinBuffer<K, V> {
  /** Its sequence number is one more than the highest there for this key and timestamp. */
  put(key: K, value: V, timestamp: number): void
  /** Shows the records of a key, ordered by timestamp, then sequence number. */
  visit(key: K, from: number, to: number, see: (value: V, timestamp: number) => void): void
  expireBefore(timestamp: number): void
}

export interface InnerDedupStore<K> {
  /**
   * True when no record with this key and id came within the horizon before `time`; then it is
   * remembered with that time. `time`: the operator's, at arrival. `id`: bytes, one char each.
   */
  add(key: K, id: string, time: number): boolean
}
