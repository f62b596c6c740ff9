/**
 * One store of a task: its layers, what its kind derives from them, and how far into its changelog
 * the topmost committed layer reaches. Knows no disk beyond its own rows; `TaskState` writes.
 */
import type { RecordView } from '../core/record-view.ts'
import type { ByteOperation, ByteRange, ByteStore } from './byte-store.ts'
import { Cells } from './cells.ts'
import { MemoryRows } from './committed-rows.ts'
import { DedupRows } from './dedup-store.ts'
import type { TellRow } from './frozen-rows.ts'
import { JoinBufferRows } from './join-buffer.ts'
import { JoinCells } from './join-cells.ts'
import type { Journal } from './journal.ts'
import { SpanNumber } from './journal.ts'
import { startPrefix } from './key-format.ts'
import { KeyValueRows } from './key-value-store.ts'
import { KeyedCells } from './keyed-cells.ts'
import { Replay } from './replay.ts'
import type { Row } from './row.ts'
import { RowCodec } from './row-codec.ts'
import { RowTable } from './row-table.ts'
import { Segments, segmentMsOf } from './segments.ts'
import type { StorePosition } from './sentinel.ts'
import { StoreRows } from './store-rows.ts'
import type { StoreSpec } from './store-spec.ts'
import type { ChangelogPosition, RestoredRow } from './task-state-options.ts'
import type { StoreParts, TypedStore } from './typed-store.ts'
import { bucketMsOf, bucketOf } from './typed-store.ts'
import { WindowRows } from './window-store.ts'

export interface StoreStateOptions {
  readonly spec: StoreSpec
  /** In the database; undefined for stores in memory. */
  readonly number: number | undefined
  readonly byteStore: ByteStore
  readonly journal: Journal
  readonly cacheBytes: number
  readonly maxRowBytes: number
}

export class StoreState {
  readonly spec: StoreSpec
  /** What operators get: an inner store of the kind. */
  readonly inner: TypedStore
  readonly #cells: Cells
  readonly #rows: StoreRows
  readonly #codec: RowCodec
  readonly #replay: Replay
  readonly #table: RowTable | undefined
  readonly #bound: SpanNumber
  readonly #highest: SpanNumber
  readonly #segments: Segments
  readonly #segmentMs: number
  readonly #bucketMs: number
  #position: ChangelogPosition | undefined
  /** That of the last batch that LevelDB has. */
  #written: ChangelogPosition | undefined
  #writing: ChangelogPosition | undefined
  #clearedBefore = Number.NEGATIVE_INFINITY
  /** First bucket that readers may still see a row of. */
  #firstBucket = Number.NEGATIVE_INFINITY

  constructor(options: StoreStateOptions) {
    const { spec, number, byteStore, journal, cacheBytes } = options
    this.spec = spec
    this.#segmentMs = segmentMsOf(spec.retentionMs)
    this.#bucketMs = bucketMsOf(spec, this.#segmentMs)
    this.#codec = new RowCodec(spec, options.maxRowBytes)
    const cells = new Cells()
    this.#cells = cells
    const joinCells = new JoinCells(cells, this.#bucketMs)
    const bucketMs = this.#isWindowed ? this.#bucketMs : undefined
    const index = spec.kind === 'join-buffer' ? joinCells : new KeyedCells(cells, bucketMs)
    const encode = (row: Row): Buffer | string => this.#codec.bytes(row)
    const parts = { store: spec.name, byteStore, cells, index, cacheBytes, encode }
    this.#table = number === undefined ? undefined : new RowTable({ ...parts, number })
    this.#bound = new SpanNumber(journal, Number.NEGATIVE_INFINITY)
    this.#highest = new SpanNumber(journal, Number.NEGATIVE_INFINITY)
    this.#segments = new Segments(this.#segmentMs)
    this.#rows = new StoreRows({
      cells,
      index,
      committed: this.#table ?? new MemoryRows(cells, index),
      journal,
      allNew: spec.kind === 'dedup' || spec.kind === 'join-buffer',
    })
    this.inner = typedStore(
      {
        spec,
        rows: this.#rows,
        codec: this.#codec,
        journal,
        bound: this.#bound,
        segmentMs: this.#segmentMs,
        bucketMs: this.#bucketMs,
        rowCount: () => this.rowCount,
      },
      this.#highest,
      joinCells,
    )
    this.#replay = new Replay({
      spec,
      inner: this.inner,
      rows: this.#rows,
      index,
      table: this.#table,
      segments: this.#segments,
      bucketMs: this.#bucketMs,
      bound: () => this.#bound.committed,
    })
  }

  get pendingBytes(): number {
    return this.#rows.committed.pendingBytes
  }

  /** Of restored rows that nobody can read before they are written. */
  get loadedBytes(): number {
    return this.#table?.loadedBytes ?? 0
  }

  /** Whether no span is open or frozen here. */
  get isCommitted(): boolean {
    return this.#rows.isEmpty
  }

  /** Roughly: a restore counts each row of the changelog. */
  get rowCount(): number {
    return Math.max(0, this.#segments.rows)
  }

  /** How far the topmost committed layer reaches; undefined: not known, or no changelog. */
  get position(): ChangelogPosition | undefined {
    return this.#position
  }

  get #isWindowed(): boolean {
    return this.spec.kind !== 'key-value'
  }

  /** Takes over what the last life wrote. */
  async load(position: StorePosition): Promise<void> {
    if (this.spec.changelog !== undefined) {
      this.#position = { offset: position.offset, leaderEpoch: position.leaderEpoch }
      this.#written = this.#position
    }
    this.#segments.load(position.segments)
    await this.inner.load?.()
    // The highest start says where reading can find nothing; other kinds do not know it.
    const highest = this.#highest.committed
    const isKnown = this.spec.kind === 'window'
    this.#table?.reaches(isKnown ? bucketOf(highest, this.#bucketMs) : Number.POSITIVE_INFINITY)
  }

  /** How many rows the frozen span has. */
  get frozenRows(): number {
    return this.#rows.frozenRows
  }

  /** The frozen span's rows for the changelog. */
  eachFrozen(tell: TellRow): void {
    this.#rows.eachFrozen((key, row) => {
      const value = row.bytes === null ? null : this.#codec.bytes(row)
      tell(this.inner.changelogKey(key), value, row.timestamp)
    })
  }

  freeze(): void {
    this.inner.freezing?.()
    this.#rows.freeze()
    this.#bound.freeze()
    this.#highest.freeze()
  }

  /** `end`: the changelog's next offset behind the frozen rows; undefined: it had none. */
  commit(end: ChangelogPosition | undefined): void {
    const from = this.#position?.offset ?? 0
    this.#rows.commit((cell, isDeleted, isNew) => {
      const more = Number(!isDeleted) - Number(!isNew)
      this.#segments.note(this.#isWindowed ? this.#cells.start(cell) : 0, from, more)
    })
    this.#bound.commit()
    this.#highest.commit()
    if (end !== undefined) this.#position = end
    this.#expire()
  }

  abort(): void {
    this.#rows.abort()
    this.#bound.abort()
    this.#highest.abort()
  }

  /** Rows of the changelog, on top of the committed layers; what these have already is passed over. */
  restore(rows: readonly RestoredRow[], next: ChangelogPosition): void {
    const known = this.#position?.offset ?? 0
    this.#replay.apply(rows, known)
    if (next.offset >= known) this.#position = next
  }

  /** The same, of a store that nothing of is in memory; see {@link Replay.load}. */
  restoreBatch(view: RecordView, firstIndex: number, next: ChangelogPosition): number | undefined {
    const known = this.#position?.offset ?? 0
    const count = this.#replay.load(view, firstIndex, known)
    if (count !== undefined && next.offset >= known) this.#position = next
    return count
  }

  /** Takes what is pending into a batch, whose rows are encoded as they are asked for. */
  collect(): readonly Iterable<ByteOperation>[] {
    this.#writing = this.#position
    return this.#table?.collect(bucketOf(this.#clearedOrBound(), this.#bucketMs)) ?? []
  }

  written(): void {
    this.#table?.written()
    this.#written = this.#writing
  }

  unwritten(): void {
    this.#table?.unwritten()
  }

  /** For the position row; undefined: the rows that are there are nobody's and are cleared at open. */
  toPosition(): StorePosition | undefined {
    if (this.#table === undefined) return undefined
    const position = this.#position ?? (this.spec.changelog === undefined ? UNLOGGED : undefined)
    if (position === undefined) return undefined
    return { name: this.spec.name, ...position, segments: this.#segments.entries() }
  }

  /** What has expired on disk since the last call. */
  takeExpired(): ByteRange | undefined {
    const bound = this.#clearedOrBound()
    if (this.#table === undefined || bound <= this.#clearedBefore) return undefined
    this.#clearedBefore = bound
    return this.#table.range(startPrefix(bound))
  }

  /** All that it has on disk. */
  range(): ByteRange | undefined {
    return this.#table?.range()
  }

  /** Up to where its changelog can be cut: nothing below is needed, here or after a crash. */
  cutBefore(): number | undefined {
    const kept = this.#table === undefined ? this.#position : this.#written
    if (!this.#isWindowed || kept === undefined || this.spec.changelog === undefined)
      return undefined
    return Math.min(kept.offset, this.#segments.lowest() ?? kept.offset)
  }

  /** Nothing is known and nothing is in memory; the disk is the caller's to clear. */
  forget(): void {
    this.#rows.abort()
    this.#rows.committed.forget()
    this.#segments.load([])
    this.#bound.reset(Number.NEGATIVE_INFINITY)
    this.#highest.reset(Number.NEGATIVE_INFINITY)
    this.#clearedBefore = Number.NEGATIVE_INFINITY
    this.#firstBucket = Number.NEGATIVE_INFINITY
    this.#position = undefined
    this.#written = undefined
    this.inner.forget?.()
  }

  /** What is below the bound leaves memory now, whole segments of it the disk with the next batch. */
  #expire(): void {
    if (!this.#isWindowed || this.#bound.committed === Number.NEGATIVE_INFINITY) return
    const start = this.#segments.expire(this.#bound.committed)
    this.inner.expired?.(start)
    const bucket = bucketOf(this.#bound.committed, this.#bucketMs)
    if (bucket <= this.#firstBucket) return
    this.#firstBucket = bucket
    this.#rows.committed.dropBefore(bucket, startPrefix(bucket * this.#bucketMs))
  }

  /** The start of the first segment that is not wholly below the committed bound. */
  #clearedOrBound(): number {
    if (!this.#isWindowed) return Number.NEGATIVE_INFINITY
    return bucketOf(this.#bound.committed, this.#segmentMs) * this.#segmentMs
  }
}

const UNLOGGED: ChangelogPosition = { offset: -1, leaderEpoch: -1 }

function typedStore(parts: StoreParts, highest: SpanNumber, cells: JoinCells): TypedStore {
  const { kind } = parts.spec
  if (kind === 'key-value') return new KeyValueRows(parts)
  if (kind === 'window') return new WindowRows(parts, highest)
  return kind === 'dedup' ? new DedupRows(parts) : new JoinBufferRows(parts, cells)
}
