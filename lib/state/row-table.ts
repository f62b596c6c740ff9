/**
 * The row table of one store (DESIGN §6): committed rows in memory, over its part of LevelDB.
 *
 * 1. A row is pending, then in the batch that is being written, then clean. Its cell has it all the
 *    time, so no row is ever between two layers and none shows an older value.
 * 2. A batch has the rows that were pending when it was collected, whatever their cells have since.
 * 3. Restored rows come in at the top like all others: never underneath pending ones.
 */
import { prefixEnd, writeChars } from '../core/bytes.ts'
import { FatalError } from '../core/errors.ts'
import type { RecordView } from '../core/record-view.ts'
import type { ByteOperation, ByteRange, ByteStore } from './byte-store.ts'
import type { SpanVersion } from './cell-flags.ts'
import { CLEAN, COMMITTED, INDEXED, PENDING, UNKNOWN, WRITING } from './cell-flags.ts'
import type { CellIndex, KeySpan } from './cell-index.ts'
import type { Cells } from './cells.ts'
import { CleanCells } from './clean-cells.ts'
import type { CommittedRows, RowPieces } from './committed-rows.ts'
import { NO_ROW } from './committed-rows.ts'
import { LoadedRows } from './loaded-rows.ts'
import type { Row } from './row.ts'
import { decodeRow, encodeRow, rowBytes, STORE_NUMBER_BYTES } from './row.ts'
import { RowBatch } from './row-batch.ts'
import { Scratch } from './scratch.ts'

interface Batch {
  readonly loaded: LoadedRows
  readonly rows: RowBatch
  readonly bytes: number
}

export interface RowTableOptions {
  readonly store: string
  readonly byteStore: ByteStore
  readonly number: number
  readonly cells: Cells
  readonly index: CellIndex
  readonly cacheBytes: number
  /** The bytes of a row that was not deleted. */
  readonly encode: (row: Row) => Buffer | string
}

export class RowTable implements CommittedRows {
  readonly #store: string
  readonly #byteStore: ByteStore
  readonly #number: number
  readonly #cells: Cells
  readonly #index: CellIndex
  readonly #clean: CleanCells
  readonly #encode: (row: Row) => Buffer | string
  readonly #keys = new Scratch()
  readonly #values = new Scratch()
  #pending: number[] = []
  #pendingBytes = 0
  #writing: Batch | undefined
  /** Restored rows that have no cell, in order. */
  #loaded: LoadedRows
  /** LevelDB has nothing in buckets above. */
  #reach = Number.NEGATIVE_INFINITY

  constructor(options: RowTableOptions) {
    const { store, byteStore, number, cells, index, cacheBytes, encode } = options
    this.#store = store
    this.#byteStore = byteStore
    this.#number = number
    this.#loaded = new LoadedRows(number)
    this.#cells = cells
    this.#index = index
    this.#encode = encode
    this.#clean = new CleanCells(cells, index, cacheBytes)
  }

  /** Of the rows that LevelDB does not have yet, those being written included. */
  get pendingBytes(): number {
    return this.#pendingBytes + this.#loaded.bytes + (this.#writing?.bytes ?? 0)
  }

  /** Of restored rows that nobody can read yet: no batch has them, or one that is being written. */
  get loadedBytes(): number {
    return this.#loaded.bytes + (this.#writing?.loaded.bytes ?? 0)
  }

  /**
   * A restored row straight into the next batch, in front of all cells. Only while there are no cells
   * and nobody reads; the view is kept until the batch is written. Whether the row has a value;
   * undefined: no key, so it is none.
   */
  load(bucket: number, view: RecordView, index: number): boolean | undefined {
    this.reaches(bucket)
    return this.#loaded.add(view, index)
  }

  /** LevelDB may have rows up to this bucket from an earlier life. */
  reaches(bucket: number): void {
    if (bucket > this.#reach) this.#reach = bucket
  }

  mayHave(bucket: number): boolean {
    return bucket <= this.#reach
  }

  look(cell: number): Row {
    this.#assertReadable()
    const row = this.mayHave(this.#index.bucketOf(cell)) ? this.#read(cell) : NO_ROW
    this.#cells.set(cell, COMMITTED, row)
    this.#clean.add(cell)
    return row
  }

  keep(cell: number, row: Row): void {
    this.#leave(cell)
    this.#cells.set(cell, COMMITTED, row)
    this.#pendingBytes += this.#cells.cost(cell, COMMITTED)
  }

  commit(cell: number, span: SpanVersion): void {
    this.#leave(cell)
    this.#cells.commit(cell, span)
    this.#pendingBytes += this.#cells.cost(cell, COMMITTED)
  }

  isBelow(cell: number): boolean {
    return this.#cells.stage(cell) === CLEAN
  }

  async *base({ from, until }: KeySpan, reverse: boolean): RowPieces {
    this.#assertReadable()
    const whole = this.range()
    const range: ByteRange = {
      ...whole,
      ...(from === undefined ? {} : { from: this.#diskKey(from) }),
      ...(until === undefined ? {} : { until: this.#diskKey(until) }),
      reverse,
    }
    for await (const piece of this.#byteStore.scan(range))
      yield piece.map(([key, bytes]) => [
        key.toString('latin1', STORE_NUMBER_BYTES),
        decodeRow(key, bytes, this.#store),
      ])
  }

  /** Moves the pending rows into the batch, except those of buckets that leave the disk with it. */
  collect(fromBucket: number): readonly Iterable<ByteOperation>[] {
    const cells = this.#cells
    const rows = new RowBatch(cells)
    let bytes = 0
    for (const cell of this.#pending) {
      const bucket = this.#index.bucketOf(cell)
      if (bucket < fromBucket) {
        cells.setStage(cell, UNKNOWN)
        continue
      }
      cells.setStage(cell, WRITING)
      rows.add(cell)
      bytes += cells.cost(cell, COMMITTED)
      this.reaches(bucket)
    }
    this.#pending = []
    this.#pendingBytes = 0
    const loaded = this.#loaded
    this.#writing = { loaded, rows, bytes: bytes + loaded.bytes }
    this.#loaded = new LoadedRows(this.#number)
    return [loaded, this.#operations(rows)]
  }

  /** The batch is in LevelDB. */
  written(): void {
    const cells = this.#cells
    const writing = this.#writing
    this.#writing = undefined
    writing?.rows.close()
    for (const cell of writing?.rows.cells ?? []) {
      if (cells.stage(cell) !== WRITING) continue
      if (cells.is(cell, INDEXED)) this.#clean.add(cell)
      else cells.setStage(cell, UNKNOWN)
    }
    cells.compact()
  }

  /** The batch is not in LevelDB: its rows wait again, except those that changed meanwhile. */
  unwritten(): void {
    const cells = this.#cells
    const writing = this.#writing
    this.#writing = undefined
    if (writing === undefined) return
    writing.rows.close()
    writing.loaded.append(this.#loaded)
    this.#loaded = writing.loaded
    for (const cell of writing.rows.cells) {
      if (cells.stage(cell) !== WRITING) continue
      cells.setStage(cell, PENDING)
      this.#pending.push(cell)
      this.#pendingBytes += cells.cost(cell, COMMITTED)
    }
  }

  /** What is pending of them is written all the same: the disk has what the changelog has. */
  dropBefore(bucket: number): void {
    this.#index.dropBefore(bucket, (cell) => {
      if (this.#cells.stage(cell) === CLEAN) this.#clean.drop(cell)
    })
  }

  forget(): void {
    this.#index.clear()
    this.#pending = []
    this.#writing = undefined
    this.#pendingBytes = 0
    this.#loaded = new LoadedRows(this.#number)
    this.#clean.clear()
    this.#cells.clear()
    this.#reach = Number.NEGATIVE_INFINITY
  }

  /** Where this store's rows lie in LevelDB; `until` cuts it short. */
  range(until?: string): ByteRange {
    const from = this.#diskKey('')
    const end = until === undefined ? prefixEnd(from) : this.#diskKey(until)
    return end === undefined ? { from } : { from, until: end }
  }

  #assertReadable(): void {
    if (this.#loaded.count + (this.#writing?.loaded.count ?? 0) === 0) return
    throw new FatalError('INTERNAL', `store '${this.#store}' is read before its rows are written`)
  }

  *#operations(rows: RowBatch): Iterable<ByteOperation> {
    for (let at = 0; at < rows.cells.length; at++) {
      const row = rows.row(at)
      const key = this.#diskKeyAt(rows.keyRef(at))
      if (row.bytes === null) yield { type: 'del', key }
      else {
        const value = this.#encode(row)
        const into = this.#values.of(rowBytes(value.length))
        yield { type: 'put', key, value: encodeRow(key, value, row.timestamp, into) }
      }
    }
  }

  #read(cell: number): Row {
    const diskKey = this.#diskKeyAt(this.#cells.keyRef(cell))
    const bytes = this.#byteStore.get(diskKey)
    return bytes === undefined ? NO_ROW : decodeRow(diskKey, bytes, this.#store)
  }

  /** Its next row is pending. */
  #leave(cell: number): void {
    const stage = this.#cells.stage(cell)
    if (stage === PENDING) this.#pendingBytes -= this.#cells.cost(cell, COMMITTED)
    else {
      if (stage === CLEAN) this.#clean.leave(cell)
      this.#cells.setStage(cell, PENDING)
      this.#pending.push(cell)
    }
  }

  /** Of a key of the cells; valid until it is called again. */
  #diskKeyAt(ref: number): Buffer {
    const { keys } = this.#cells
    const bytes = this.#keys.of(STORE_NUMBER_BYTES + keys.length(ref))
    bytes[0] = this.#number >>> 8
    bytes[1] = this.#number
    keys.copy(ref, bytes, STORE_NUMBER_BYTES)
    return bytes
  }

  #diskKey(key: string): Buffer {
    const bytes = Buffer.allocUnsafe(STORE_NUMBER_BYTES + key.length)
    bytes.writeUInt16BE(this.#number, 0)
    writeChars(bytes, key, STORE_NUMBER_BYTES)
    return bytes
  }
}
