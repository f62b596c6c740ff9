/**
 * The row table of one store (DESIGN §6): committed rows as bytes, over its part of LevelDB.
 *
 * 1. A row is pending, then in the batch that is being written, then clean. It is readable from the
 *    batch until the write has resolved: LevelDB may not show it before.
 * 2. A written row is in the cache before it leaves the batch, so no row is ever between two layers
 *    and none shows an older value.
 * 3. Restored rows come in at the top like all others: never underneath pending ones.
 */
import { prefixEnd } from '../core/bytes.ts'
import type { ByteOperation, ByteRange, ByteStore } from './byte-store.ts'
import { CleanRows } from './clean-rows.ts'
import type { CommittedRows, RowPieces } from './committed-rows.ts'
import type { KeySpan } from './layer.ts'
import { Layer } from './layer.ts'
import type { Row } from './row.ts'
import { decodeRow, encodeRow, ROW_OVERHEAD_BYTES } from './row.ts'

/** Store number in front of every key. */
const PREFIX = 2

export class RowTable implements CommittedRows {
  readonly #store: string
  readonly #byteStore: ByteStore
  readonly #number: number
  readonly #clean: CleanRows
  #pending = new Layer<Row>()
  #writing: Layer<Row> | undefined
  #pendingBytes = 0
  #writingBytes = 0

  constructor(store: string, byteStore: ByteStore, number: number, cacheBytes: number) {
    this.#store = store
    this.#byteStore = byteStore
    this.#number = number
    this.#clean = new CleanRows(cacheBytes)
  }

  /** Of the rows that LevelDB does not have yet, those being written included. */
  get pendingBytes(): number {
    return this.#pendingBytes + this.#writingBytes
  }

  get(bucket: number, key: string): Row | undefined {
    const row = this.#pending.get(bucket, key) ?? this.#writing?.get(bucket, key)
    return row ?? this.#clean.get(bucket, key) ?? this.#read(bucket, key)
  }

  set(bucket: number, key: string, row: Row): void {
    const before = this.#pending.get(bucket, key)
    if (before !== undefined) this.#pendingBytes -= costOf(key, before)
    this.#pending.set(bucket, key, row)
    this.#pendingBytes += costOf(key, row)
  }

  layers(): readonly Layer<Row>[] {
    return this.#writing === undefined ? [this.#pending] : [this.#writing, this.#pending]
  }

  async *base({ from, until }: KeySpan, reverse: boolean): RowPieces {
    const whole = this.range()
    const range: ByteRange = {
      ...whole,
      ...(from === undefined ? {} : { from: this.#diskKey(from) }),
      ...(until === undefined ? {} : { until: this.#diskKey(until) }),
      reverse,
    }
    for await (const piece of this.#byteStore.scan(range))
      yield piece.map(([key, bytes]) => [
        key.toString('latin1', PREFIX),
        decodeRow(key, bytes, this.#store),
      ])
  }

  /** Moves the pending rows into the batch, except those of buckets that have expired. */
  collect(fromBucket: number): Iterable<ByteOperation> {
    const writing = this.#pending
    this.#pending = new Layer()
    this.#writingBytes = this.#pendingBytes
    this.#pendingBytes = 0
    writing.dropBefore(fromBucket)
    this.#writing = writing
    return this.#operations(writing)
  }

  /** The batch is in LevelDB. */
  written(): void {
    const writing = this.#writing
    this.#writing = undefined
    if (writing !== undefined) this.#clean.adopt(writing, this.#writingBytes)
    this.#writingBytes = 0
  }

  /** The batch is not in LevelDB: its rows wait again, except those that changed meanwhile. */
  unwritten(): void {
    const writing = this.#writing
    this.#writing = undefined
    this.#writingBytes = 0
    for (const [bucket, key, row] of writing ?? [])
      if (this.#pending.get(bucket, key) === undefined) this.set(bucket, key, row)
  }

  /** Their buckets are dropped when they would be written. */
  dropBefore(): void {}

  forget(): void {
    this.#pending = new Layer()
    this.#writing = undefined
    this.#pendingBytes = 0
    this.#writingBytes = 0
    this.#clean.clear()
  }

  /** Where this store's rows lie in LevelDB; `until` cuts it short. */
  range(until?: string): ByteRange {
    const from = this.#diskKey('')
    const end = until === undefined ? prefixEnd(from) : this.#diskKey(until)
    return end === undefined ? { from } : { from, until: end }
  }

  *#operations(rows: Layer<Row>): Iterable<ByteOperation> {
    for (const [, name, row] of rows) {
      const key = this.#diskKey(name)
      if (row.bytes === null) yield { type: 'del', key }
      else yield { type: 'put', key, value: encodeRow(key, row) }
    }
  }

  #read(bucket: number, key: string): Row | undefined {
    const diskKey = this.#diskKey(key)
    const bytes = this.#byteStore.get(diskKey)
    if (bytes === undefined) return undefined
    const row = decodeRow(diskKey, bytes, this.#store)
    this.#clean.add(bucket, key, row)
    return row
  }

  #diskKey(key: string): Buffer {
    const bytes = Buffer.allocUnsafe(PREFIX + key.length)
    bytes.writeUInt16BE(this.#number, 0)
    bytes.write(key, PREFIX, 'latin1')
    return bytes
  }
}

function costOf(key: string, row: Row): number {
  return key.length + (row.bytes?.length ?? 0) + ROW_OVERHEAD_BYTES
}
