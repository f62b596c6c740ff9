/**
 * The rows of one store that are in memory: all versions of the row of each cell. Numbers and booleans
 * lie in the columns themselves, all else in a `ByteLog`, where no collector walks through it.
 *
 * A row has up to three versions: of two spans, the open one and the one that is being committed, which
 * take turns, and the newest committed one, perhaps deleted; none of it: nobody has looked.
 */
import { ByteLog } from './byte-log.ts'
import type { SpanVersion, Version } from './cell-flags.ts'
import {
  ABSENT,
  BOOLEAN,
  BYTES,
  COMMITTED,
  DELETED,
  kindOf,
  NUMBER,
  otherSpan,
  SPAN_KINDS,
  TEXT,
  USED,
  VERSIONS,
  withKind,
} from './cell-flags.ts'
import { CellPlaces, FLAGS, KEY } from './cell-places.ts'
import type { Row } from './row.ts'
import { deletedRow, encodedRow, ROW_OVERHEAD_BYTES, valueRow } from './row.ts'

export class Cells extends CellPlaces {
  readonly values: ByteLog = new ByteLog()

  has(cell: number, version: Version): boolean {
    return this.#kind(cell, version) !== ABSENT
  }

  isDeleted(cell: number, version: Version): boolean {
    return this.#kind(cell, version) === DELETED
  }

  /** The newest version, which is marked as used; undefined: none is known. `open`: of the open span. */
  read(cell: number, open: SpanVersion): Row | undefined {
    this.mark(cell, USED)
    return this.newest(cell, open)
  }

  newest(cell: number, open: SpanVersion): Row | undefined {
    const flags = this.int(cell, FLAGS)
    if ((flags & SPAN_KINDS) === 0) return this.row(cell, COMMITTED)
    return this.row(cell, kindOf(flags, open) === ABSENT ? otherSpan(open) : open)
  }

  /** Only its committed row is known, or nothing. */
  isSettled(cell: number): boolean {
    return (this.int(cell, FLAGS) & SPAN_KINDS) === 0
  }

  row(cell: number, version: Version): Row | undefined {
    const kind = this.#kind(cell, version)
    if (kind === ABSENT) return undefined
    const doubles = this.doubles(cell)
    const at = this.at(cell) + (version << 1)
    const timestamp = doubles[at + 1] as number
    if (kind === TEXT) return encodedRow(this.values.text(doubles[at] as number), timestamp)
    return this.rowOf(kind, doubles[at] as number, timestamp)
  }

  /** The same, with text as bytes: for who copies them at once. */
  outgoing(cell: number, version: Version): Row | undefined {
    const kind = this.#kind(cell, version)
    if (kind === ABSENT) return undefined
    const doubles = this.doubles(cell)
    const at = this.at(cell) + (version << 1)
    return this.rowOf(kind, doubles[at] as number, doubles[at + 1] as number)
  }

  /** Of a kind, value and timestamp that {@link copy} gave; text as bytes. */
  rowOf(kind: number, value: number, timestamp: number): Row {
    if (kind === NUMBER) return valueRow(value, timestamp)
    if (kind >= BYTES) return encodedRow(this.values.view(value), timestamp)
    return kind === DELETED ? deletedRow(timestamp) : valueRow(value !== 0, timestamp)
  }

  /** Puts a version in the place of the one that is there. */
  set(cell: number, version: Version, row: Row): void {
    const { bytes, value, timestamp } = row
    if (bytes === null) this.#put(cell, version, DELETED, 0, timestamp)
    else if (bytes !== undefined)
      this.#put(
        cell,
        version,
        typeof bytes === 'string' ? TEXT : BYTES,
        this.values.append(bytes),
        timestamp,
      )
    else if (typeof value === 'number') this.#put(cell, version, NUMBER, value, timestamp)
    else this.#put(cell, version, BOOLEAN, value === true ? 1 : 0, timestamp)
  }

  drop(cell: number, version: Version): void {
    this.#put(cell, version, ABSENT, 0, -1)
  }

  /** The version of a span is the committed one now, and none of the span. */
  commit(cell: number, span: SpanVersion): void {
    const doubles = this.doubles(cell)
    const from = this.at(cell) + (span << 1)
    const kind = this.#kind(cell, span)
    this.#put(cell, COMMITTED, kind, doubles[from] as number, doubles[from + 1] as number)
    // Its bytes are those of the committed version.
    this.setInt(cell, FLAGS, withKind(this.int(cell, FLAGS), span, ABSENT))
  }

  /** What a version costs in memory, roughly. */
  cost(cell: number, version: Version): number {
    return this.baseCost(cell) + this.valueLength(cell, version)
  }

  /** The same without its value. */
  baseCost(cell: number): number {
    return this.keyLength(cell) + ROW_OVERHEAD_BYTES
  }

  /** Bytes of a value; numbers have none beyond the cell itself. */
  valueLength(cell: number, version: Version): number {
    if (this.#kind(cell, version) < BYTES) return 0
    return this.values.length(this.doubles(cell)[this.at(cell) + (version << 1)] as number)
  }

  /** Kind, value and timestamp of the committed version and the ref of the key, for a batch. */
  copy(cell: number, to: Float64Array, at: number): void {
    const doubles = this.doubles(cell)
    const from = this.at(cell) + (COMMITTED << 1)
    to[at] = this.#kind(cell, COMMITTED)
    to[at + 1] = doubles[from] as number
    to[at + 2] = doubles[from + 1] as number
    to[at + 3] = this.keyRef(cell)
  }

  /** Nothing that a batch refers to goes or moves, until {@link letGo}. */
  hold(): void {
    this.keys.hold()
    this.values.hold()
  }

  letGo(): void {
    this.keys.letGo()
    this.values.letGo()
  }

  /** Moves bytes together where most of them are of rows that are gone. */
  compact(): void {
    const { keys, values } = this
    const [movesKeys, movesValues] = [keys.isWasteful, values.isWasteful]
    if (!movesKeys && !movesValues) return
    this.forEach((cell) => {
      if (movesKeys) this.setInt(cell, KEY, keys.moved(this.keyRef(cell)))
      if (movesValues) this.#moveValues(cell)
    })
  }

  override clear(): void {
    super.clear()
    this.values.clear()
  }

  protected leave(cell: number): void {
    for (const version of VERSIONS) this.drop(cell, version)
  }

  #put(cell: number, version: Version, kind: number, value: number, timestamp: number): void {
    const doubles = this.doubles(cell)
    const at = this.at(cell) + (version << 1)
    const flags = this.int(cell, FLAGS)
    if (kindOf(flags, version) >= BYTES) this.values.release(doubles[at] as number)
    doubles[at] = value
    doubles[at + 1] = timestamp
    this.setInt(cell, FLAGS, withKind(flags, version, kind))
  }

  #moveValues(cell: number): void {
    const doubles = this.doubles(cell)
    for (const version of VERSIONS) {
      if (this.#kind(cell, version) < BYTES) continue
      const at = this.at(cell) + (version << 1)
      doubles[at] = this.values.moved(doubles[at] as number)
    }
  }

  #kind(cell: number, version: Version): number {
    return kindOf(this.int(cell, FLAGS), version)
  }
}
