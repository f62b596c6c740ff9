/**
 * PORT: ordered bytes, the bottom of state. One per task; LevelDB on disk, a sorted map in memory.
 *
 * 1. Keys are ordered by unsigned bytes, and have at least one: LevelDB does not clear an empty one.
 * 2. `write` is atomic. At most one is in flight; a second call before the first has resolved is a
 *    bug and throws: two would be applied in any order.
 * 3. A scan sees the rows as they were at its first `next`.
 * 4. `get` is synchronous; a row whose `write` is in flight may or may not be seen.
 * 5. A `write` that rejects may be tried again: it has left nothing, or all of it.
 */

export interface ByteRange {
  /** Inclusive. */
  readonly from?: Buffer
  /** Exclusive. */
  readonly until?: Buffer
  readonly reverse?: boolean
  readonly limit?: number
}

export type ByteOperation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

export type ByteRow = readonly [key: Buffer, value: Buffer]

export interface WriteOptions {
  /** Resolve only when it would survive the loss of power. */
  readonly durable?: boolean
  /** Awaited now and then while a large batch is put together, so that others get their turn. */
  readonly pause?: () => Promise<void>
}

export interface ByteStore {
  get(key: Buffer): Buffer | undefined
  /** Rows in order, in chunks; the caller closes by finishing or by `return()`. */
  scan(range: ByteRange): AsyncIterable<readonly ByteRow[]>
  /** The operations are asked for one by one; bytes of one are valid until the next is asked for. */
  write(operations: Iterable<ByteOperation>, options?: WriteOptions): Promise<void>
  /** Deletes a range, not atomically with anything else. Not while a `write` is in flight. */
  clear(range: ByteRange): Promise<void>
  close(): Promise<void>
}
