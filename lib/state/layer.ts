/**
 * One layer of a store's rows: by bucket of time, then by key. Windowed stores have a bucket per
 * window's length, so that a scan of one window and the expiry of old ones touch no other rows;
 * other stores have the bucket 0 alone.
 */
import { WideMap } from './wide-map.ts'

/** Bounds of store keys, one char a byte. */
export interface KeySpan {
  readonly fromBucket: number
  readonly toBucket: number
  /** Inclusive; undefined: from the first. */
  readonly from: string | undefined
  /** Exclusive; undefined: to the last. */
  readonly until: string | undefined
}

export class Layer<R> {
  readonly #buckets = new Map<number, WideMap<R>>()
  /** The bucket touched last: the next row is most often of the same. */
  #lastBucket = Number.NaN
  #last: WideMap<R> | undefined

  get size(): number {
    let size = 0
    for (const rows of this.#buckets.values()) size += rows.size
    return size
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  get(bucket: number, key: string): R | undefined {
    return this.#bucket(bucket)?.get(key)
  }

  set(bucket: number, key: string, row: R): void {
    let rows = this.#bucket(bucket)
    if (rows === undefined) {
      rows = new WideMap()
      this.#buckets.set(bucket, rows)
      this.#last = rows
    }
    rows.set(key, row)
  }

  delete(bucket: number, key: string): void {
    const rows = this.#bucket(bucket)
    if (rows?.delete(key) === true && rows.size === 0) this.#drop(bucket)
  }

  /** Every row, in no order that means anything. */
  *[Symbol.iterator](): Iterator<[bucket: number, key: string, row: R]> {
    for (const [bucket, rows] of this.#buckets)
      for (const [key, row] of rows) yield [bucket, key, row]
  }

  /** Buckets below are gone. */
  dropBefore(bucket: number): void {
    for (const each of this.#buckets.keys()) if (each < bucket) this.#drop(each)
  }

  /** Copies the rows within the bounds, replacing those of layers below. */
  copyInto(rows: { set(key: string, row: R): unknown }, span: KeySpan): void {
    const { fromBucket, toBucket, from, until } = span
    for (const [bucket, each] of this.#buckets) {
      if (bucket < fromBucket || bucket > toBucket) continue
      for (const [key, row] of each)
        if ((from === undefined || key >= from) && (until === undefined || key < until))
          rows.set(key, row)
    }
  }

  #bucket(bucket: number): WideMap<R> | undefined {
    if (bucket === this.#lastBucket) return this.#last
    this.#lastBucket = bucket
    this.#last = this.#buckets.get(bucket)
    return this.#last
  }

  #drop(bucket: number): void {
    this.#buckets.delete(bucket)
    this.#lastBucket = Number.NaN
  }
}
