/**
 * The records of one side of a stream-stream join. An index in memory says which timestamps a key
 * has and how many records each; the rows are read by their whole key, so a fetch is synchronous.
 *
 * The index is derived from the rows: what an abort drops it forgets, so a sequence number is one
 * more than the highest that the buffer holds, whatever happened before (schedules B15).
 */
import { ownChars } from '../core/bytes.ts'
import type { InnerJoinBuffer } from './inner-stores.ts'
import type { StoreKey } from './key-format.ts'
import { partsOf, startOf, windowChangelogKey, windowKey, windowStoreKey } from './key-format.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'
import { bucketOf } from './typed-store.ts'
import { WideMap } from './wide-map.ts'
import { EVER } from './window-store.ts'

/**
 * The timestamps of one key in one segment, ascending, each followed by its next sequence number: most
 * keys have one or two, and an object each would be most of the index.
 */
type Times = number[]

export class JoinBufferRows<K, V> implements InnerJoinBuffer<K, V>, TypedStore {
  readonly #parts: StoreParts
  readonly #segments = new Map<number, WideMap<Times>>()
  /** Their numbers, ascending. */
  #order: readonly number[] = []

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  put(key: K, value: V, timestamp: number): void {
    const { rows, codec, bound, bucketMs } = this.#parts
    if (timestamp < bound.value) return
    const name = codec.keyName(key)
    const row = codec.row(value, timestamp, name.length + 12)
    const n = this.#take(name, timestamp)
    rows.add(bucketOf(timestamp, bucketMs), windowKey(timestamp, name, n), row)
  }

  visit(key: K, from: number, to: number, see: (value: V, timestamp: number) => void): void {
    const { codec, bound, segmentMs } = this.#parts
    const name = codec.keyName(key)
    const first = Math.max(from, bound.value)
    const last = bucketOf(to, segmentMs)
    // In order; there are few, whatever the bounds are.
    for (const segment of this.#order) {
      if (segment > last) return
      const times = this.#segments.get(segment)?.get(name)
      if (times !== undefined && segment >= bucketOf(first, segmentMs))
        this.#visitTimes(name, times, first, to, see)
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
    const at = lowerBound(times, start)
    if (times[at] !== start || (times[at + 1] ?? 0) <= n) return
    if (n > 0) times[at + 1] = n
    else times.splice(at, PAIR)
  }

  async load(): Promise<void> {
    for await (const [key] of this.#parts.rows.scan(EVER)) this.restored(key, startOf(key))
  }

  expired(start: number): void {
    const first = bucketOf(start, this.#parts.segmentMs)
    for (const segment of this.#segments.keys()) if (segment < first) this.#segments.delete(segment)
    this.#order = this.#order.filter((segment) => segment >= first)
  }

  forget(): void {
    this.#segments.clear()
    this.#order = []
  }

  #visitTimes(
    key: string,
    times: Times,
    from: number,
    to: number,
    see: (value: V, timestamp: number) => void,
  ): void {
    const { rows, codec, bucketMs } = this.#parts
    for (let at = lowerBound(times, from); at < times.length; at += PAIR) {
      const timestamp = times[at] ?? 0
      if (timestamp > to) return
      const bucket = bucketOf(timestamp, bucketMs)
      const count = times[at + 1] ?? 0
      for (let n = 0; n < count; n++) {
        const row = rows.get(bucket, windowKey(timestamp, key, n))
        // Written by this store's own serde.
        if (row !== undefined) see(codec.value(row) as V, row.timestamp)
      }
    }
  }

  /** Counts one more record and returns its sequence number. */
  #take(name: string, timestamp: number): number {
    const times = this.#timesOf(name, timestamp)
    const at = placeOf(times, timestamp)
    const n = times[at + 1] ?? 0
    times[at + 1] = n + 1
    return n
  }

  #raise(name: string, timestamp: number, next: number): void {
    const times = this.#timesOf(name, timestamp)
    const at = placeOf(times, timestamp)
    times[at + 1] = Math.max(times[at + 1] ?? 0, next)
  }

  #timesOf(name: string, timestamp: number): Times {
    const segment = bucketOf(timestamp, this.#parts.segmentMs)
    let keys = this.#segments.get(segment)
    if (keys === undefined) {
      keys = new WideMap()
      this.#segments.set(segment, keys)
      this.#order = [...this.#segments.keys()].sort((one, other) => one - other)
    }
    let times = keys.get(name)
    if (times === undefined) {
      times = []
      keys.set(ownChars(name), times)
    }
    return times
  }
}

/** A timestamp and its next sequence number. */
const PAIR = 2

/** Where the first timestamp is that is not below; most often the end. */
function lowerBound(times: Times, time: number): number {
  let low = 0
  let high = times.length / PAIR
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle * PAIR] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low * PAIR
}

/** Where the timestamp is, after making room for it if it is new. */
function placeOf(times: Times, timestamp: number): number {
  const at = lowerBound(times, timestamp)
  if (at === times.length) times.push(timestamp, 0)
  else if (times[at] !== timestamp) times.splice(at, 0, timestamp, 0)
  return at
}
