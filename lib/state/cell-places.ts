/**
 * Places of rows in columns: a cell is a number, and what is kept of it are 64 bytes, its key in a
 * `ByteLog`, and no object. Here are its key, its flags and its life; `Cells` adds the versions of its row.
 *
 * A cell lives as long as something holds it: an index, the queue of clean rows, the list of a span, or
 * its stage. With the last hold its place is free for another row.
 */
import { ByteLog } from './byte-log.ts'
import type { SpanVersion, Stage } from './cell-flags.ts'
import { HOLDS, listed, stageOf, withStage } from './cell-flags.ts'
import { startAt, windowKeyBytes, writeWindowKey } from './key-format.ts'

/** No cell. */
export const NONE = -1

/** Of one cell, in doubles: value and timestamp of three versions, then four int32 fields. */
const CELL = 8
export const FLAGS = 12
const HASH = 13
export const KEY = 14
/** The next cell of a chain. */
const NEXT = 15
const CHUNK_BITS = 9
const CHUNK_MASK = 2 ** CHUNK_BITS - 1

export abstract class CellPlaces {
  readonly keys: ByteLog = new ByteLog()
  readonly #doubles: Float64Array[] = []
  readonly #ints: Int32Array[] = []
  /** Places that were given back; the first of a chain. */
  #free = NONE
  #count = 0
  #size = 0
  #departures = 0

  /** How many there are. */
  get size(): number {
    return this.#size
  }

  /** How often a cell was gone. */
  get departures(): number {
    return this.#departures
  }

  /** A cell of a row; nothing holds it yet. */
  add(key: string, hash: number): number {
    return this.#take(this.keys.append(key), hash)
  }

  /** The same, of a windowed key. */
  addWindowed(start: number, key: string, n: number, hash: number): number {
    const ref = this.keys.reserve(windowKeyBytes(key))
    writeWindowKey(this.keys.memory(ref), this.keys.offset(ref), start, key, n)
    return this.#take(ref, hash)
  }

  hash(cell: number): number {
    return this.int(cell, HASH)
  }

  keyRef(cell: number): number {
    return this.int(cell, KEY)
  }

  /** Bytes, one char each. */
  key(cell: number): string {
    return this.keys.text(this.int(cell, KEY))
  }

  keyLength(cell: number): number {
    return this.keys.length(this.int(cell, KEY))
  }

  /** Whether this is the key, or what is left of it without so many bytes at either end. */
  hasKey(cell: number, key: string, head: number, tail: number): boolean {
    return this.keys.is(this.int(cell, KEY), key, head, tail)
  }

  /** The start that a windowed key begins with. */
  start(cell: number): number {
    const ref = this.int(cell, KEY)
    return startAt(this.keys.memory(ref), this.keys.offset(ref))
  }

  /** The number that a windowed key ends with. */
  number(cell: number): number {
    const ref = this.int(cell, KEY)
    return this.keys.memory(ref).readInt32BE(this.keys.offset(ref) + this.keys.length(ref) - 4)
  }

  /** For whoever chains cells. */
  next(cell: number): number {
    return this.int(cell, NEXT)
  }

  setNext(cell: number, next: number): void {
    this.setInt(cell, NEXT, next)
  }

  /** That it is in the list of a span; false when it was already. */
  list(cell: number, span: SpanVersion): boolean {
    const flags = this.int(cell, FLAGS)
    const flag = listed(span)
    if ((flags & flag) !== 0) return false
    this.setInt(cell, FLAGS, flags | flag)
    return true
  }

  /** The cell is gone when the list was its last hold. */
  unlist(cell: number, span: SpanVersion): void {
    this.unmark(cell, listed(span))
  }

  is(cell: number, flag: number): boolean {
    return (this.int(cell, FLAGS) & flag) !== 0
  }

  mark(cell: number, flag: number): void {
    this.setInt(cell, FLAGS, this.int(cell, FLAGS) | flag)
  }

  /** The cell is gone when this was its last hold. */
  unmark(cell: number, flag: number): void {
    this.#setFlags(cell, this.int(cell, FLAGS) & ~flag)
  }

  stage(cell: number): Stage {
    return stageOf(this.int(cell, FLAGS))
  }

  /** The cell is gone when its stage was its last hold. */
  setStage(cell: number, stage: Stage): void {
    this.#setFlags(cell, withStage(this.int(cell, FLAGS), stage))
  }

  clear(): void {
    this.#doubles.length = 0
    this.#ints.length = 0
    this.#free = NONE
    this.#count = 0
    this.#size = 0
    this.#departures++
    this.keys.clear()
  }

  /** Its row goes with the cell. */
  protected abstract leave(cell: number): void

  protected forEach(see: (cell: number) => void): void {
    for (let cell = 0; cell < this.#count; cell++)
      if ((this.int(cell, FLAGS) & HOLDS) !== 0) see(cell)
  }

  /** The doubles that those of the cell lie among, from {@link at} on. */
  protected doubles(cell: number): Float64Array {
    return this.#doubles[cell >>> CHUNK_BITS] as Float64Array
  }

  protected at(cell: number): number {
    return (cell & CHUNK_MASK) << 3
  }

  #take(key: number, hash: number): number {
    let cell = this.#free
    if (cell === NONE) {
      cell = this.#count++
      if ((cell & CHUNK_MASK) === 0) this.#grow()
    } else this.#free = this.next(cell)
    this.#size++
    const ints = this.#ints[cell >>> CHUNK_BITS] as Int32Array
    const at = (cell & CHUNK_MASK) << 4
    ints[at + FLAGS] = 0
    ints[at + HASH] = hash
    ints[at + KEY] = key
    ints[at + NEXT] = NONE
    return cell
  }

  #setFlags(cell: number, flags: number): void {
    const isHeld = (this.int(cell, FLAGS) & HOLDS) !== 0
    this.setInt(cell, FLAGS, flags)
    if (isHeld && (flags & HOLDS) === 0) this.#remove(cell)
  }

  #remove(cell: number): void {
    this.leave(cell)
    this.keys.release(this.int(cell, KEY))
    this.setNext(cell, this.#free)
    this.#free = cell
    this.#size--
    this.#departures++
  }

  #grow(): void {
    const doubles = new Float64Array(CELL << CHUNK_BITS)
    this.#doubles.push(doubles)
    this.#ints.push(new Int32Array(doubles.buffer))
  }

  protected int(cell: number, field: number): number {
    return (this.#ints[cell >>> CHUNK_BITS] as Int32Array)[
      ((cell & CHUNK_MASK) << 4) + field
    ] as number
  }

  protected setInt(cell: number, field: number, value: number): void {
    ;(this.#ints[cell >>> CHUNK_BITS] as Int32Array)[((cell & CHUNK_MASK) << 4) + field] = value
  }
}
