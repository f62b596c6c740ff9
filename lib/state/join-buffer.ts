/**
 * The records of one side of a stream-stream join. An index in memory says which timestamps a key
 * has and how many records each; the rows are read by their whole key, so a fetch is synchronous.
 *
 * The index is derived from the rows: what an abort drops it forgets, so a sequence number is one
 * more than the highest that the buffer holds, whatever happened before (schedules B15).
 */
import type { InnerJoinBuffer, RowOf } from './inner-stores.ts'
import type { StoreKey } from './key-format.ts'
import { partsOf, startOf, windowChangelogKey, windowKey, windowStoreKey } from './key-format.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'
import { WideMap } from './wide-map.ts'
import { EVER } from './window-store.ts'

/** The timestamps of one key in one segment, ascending, and the next sequence number of each. */
interface Times {
  readonly at: number[]
  readonly next: number[]
}

export class JoinBufferRows<K, V> implements InnerJoinBuffer<K, V>, TypedStore {
  readonly #parts: StoreParts
  readonly #segments = new Map<number, WideMap<Times>>()

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  put(key: K, value: V, timestamp: number): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (timestamp < bound.value) return
    const name = codec.keyName(key)
    const row = codec.row(value, timestamp, name.length + 12)
    const n = this.#take(name, timestamp)
    rows.put(bucketOf(timestamp, bucketMs), windowKey(timestamp, name, n), row)
  }

  *fetch(key: K, from: number, to: number): Iterable<RowOf<V>> {
    const { codec, bound, segmentMs } = this.#parts
    const name = codec.keyName(key)
    const first = Math.max(from, bound.value)
    for (const segment of this.#segmentsBetween(first, to, segmentMs)) {
      const times = this.#segments.get(segment)?.get(name)
      if (times === undefined) continue
      for (let index = lowerBound(times.at, first); index < times.at.length; index++) {
        const timestamp = times.at[index] ?? 0
        if (timestamp > to) break
        yield* this.#rowsAt(name, timestamp, times.next[index] ?? 0)
      }
    }
  }

  expireBefore(timestamp: number): void {
    this.#parts.bound.raise(timestamp)
  }

  changelogKey(key: string): Buffer {
    return windowChangelogKey(key)
  }

  storeKey(changelogKey: Buffer): StoreKey | undefined {
    return windowStoreKey(changelogKey)
  }

  restored(key: string, start: number): void {
    const parts = partsOf(key)
    this.#raise(parts.key, start, parts.n + 1)
  }

  dropped(key: string): void {
    const { segmentMs } = this.#parts
    const { key: name, n } = partsOf(key)
    const start = startOf(key)
    const times = this.#segments.get(bucketOf(start, segmentMs))?.get(name)
    if (times === undefined) return
    const index = lowerBound(times.at, start)
    if (times.at[index] !== start || (times.next[index] ?? 0) <= n) return
    if (n > 0) times.next[index] = n
    else {
      times.at.splice(index, 1)
      times.next.splice(index, 1)
    }
  }

  async load(): Promise<void> {
    for await (const [key] of this.#parts.rows.scan(EVER)) this.restored(key, startOf(key))
  }

  expired(start: number): void {
    const first = bucketOf(start, this.#parts.segmentMs)
    for (const segment of this.#segments.keys()) if (segment < first) this.#segments.delete(segment)
  }

  forget(): void {
    this.#segments.clear()
  }

  *#rowsAt(key: string, timestamp: number, count: number): Iterable<RowOf<V>> {
    const { rows, codec, bucketMs } = this.#parts
    for (let n = 0; n < count; n++) {
      const row = rows.get(bucketOf(timestamp, bucketMs), windowKey(timestamp, key, n))
      // Written by this store's own serde.
      if (row !== undefined) yield { value: codec.value(row) as V, timestamp: row.timestamp }
    }
  }

  /** Counts one more record and returns its sequence number. */
  #take(name: string, timestamp: number): number {
    const times = this.#timesOf(name, timestamp)
    const index = indexOf(times, timestamp)
    const n = times.next[index] ?? 0
    times.next[index] = n + 1
    return n
  }

  #raise(name: string, timestamp: number, next: number): void {
    const times = this.#timesOf(name, timestamp)
    const index = indexOf(times, timestamp)
    times.next[index] = Math.max(times.next[index] ?? 0, next)
  }

  #timesOf(name: string, timestamp: number): Times {
    const segment = bucketOf(timestamp, this.#parts.segmentMs)
    let keys = this.#segments.get(segment)
    if (keys === undefined) {
      keys = new WideMap()
      this.#segments.set(segment, keys)
    }
    let times = keys.get(name)
    if (times === undefined) {
      times = { at: [], next: [] }
      keys.set(name, times)
    }
    return times
  }

  /** In order; there are few, whatever the bounds are. */
  #segmentsBetween(from: number, to: number, segmentMs: number): readonly number[] {
    const first = bucketOf(from, segmentMs)
    const last = bucketOf(to, segmentMs)
    const segments: number[] = []
    for (const segment of this.#segments.keys())
      if (segment >= first && segment <= last) segments.push(segment)
    return segments.sort((one, other) => one - other)
  }
}

/** The first index whose time is not below; most often the end. */
function lowerBound(times: readonly number[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the timestamp is, after making room for it if it is new. */
function indexOf(times: Times, timestamp: number): number {
  const index = lowerBound(times.at, timestamp)
  if (times.at[index] !== timestamp) {
    times.at.splice(index, 0, timestamp)
    times.next.splice(index, 0, 0)
  }
  return index
}
