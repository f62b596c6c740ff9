/**
 * Where the parts of each record of a batch lie: one pass over the body, one table, no objects.
 * Every length is checked, for nothing says that a body is honest.
 */
import type { HeaderEntry } from '../../core/headers.ts'
import { ProtocolError } from './protocol-error.ts'

/** The shortest record: its length, and seven bytes or so of which none can be left out. */
const MIN_RECORD_BYTES = 7
/** Numbers of a record in the table: one table, for batches are often small. */
const FIELDS = 7
const OFFSET_DELTA = 0
const TIMESTAMP_DELTA = 1
const KEY_AT = 2
const KEY_LENGTH = 3
const VALUE_AT = 4
const VALUE_LENGTH = 5
const HEADERS_AT = 6
const NO_HEADERS: readonly HeaderEntry[] = []

export class RecordPositions {
  readonly body: Buffer
  readonly #table: Int32Array
  /** All timestamps, of a batch with one that lies more than 24 days from the first. */
  #farDeltas: Float64Array | undefined
  #at = 0

  constructor(body: Buffer, count: number) {
    if (count < 0 || count * MIN_RECORD_BYTES > body.length)
      throw new ProtocolError(`a batch of ${body.length} bytes cannot hold ${count} records`)
    this.body = body
    this.#table = new Int32Array(count * FIELDS)
    for (let index = 0; index < count; index++) this.#record(index)
    if (this.#at !== body.length)
      throw new ProtocolError(`a batch has ${body.length - this.#at} bytes behind its last record`)
  }

  offsetDelta(index: number): number {
    return this.#table[index * FIELDS + OFFSET_DELTA] ?? 0
  }

  timestampDelta(index: number): number {
    const far = this.#farDeltas
    return (far === undefined ? this.#table[index * FIELDS + TIMESTAMP_DELTA] : far[index]) ?? 0
  }

  keyAt(index: number): number {
    return this.#table[index * FIELDS + KEY_AT] ?? 0
  }

  /** Below 0 where it is null. */
  keyLength(index: number): number {
    return this.#table[index * FIELDS + KEY_LENGTH] ?? -1
  }

  valueAt(index: number): number {
    return this.#table[index * FIELDS + VALUE_AT] ?? 0
  }

  /** Below 0 where it is null. */
  valueLength(index: number): number {
    return this.#table[index * FIELDS + VALUE_LENGTH] ?? -1
  }

  /** Headers of one record; decoded anew at each call. */
  headersOf(index: number): readonly HeaderEntry[] {
    this.#at = this.#table[index * FIELDS + HEADERS_AT] ?? 0
    const count = this.#varint()
    if (count === 0) return NO_HEADERS
    if (count < 0 || count * 2 > this.body.length - this.#at)
      throw new ProtocolError(`a record cannot have ${count} headers`)
    const entries: HeaderEntry[] = []
    for (let header = 0; header < count; header++) {
      const name = this.#bytes()
      if (name === null) throw new ProtocolError('a header has no name')
      entries.push([name.toString('utf8'), this.#bytes()])
    }
    return entries
  }

  #record(index: number): void {
    const length = this.#varint()
    const end = this.#at + length
    if (length < MIN_RECORD_BYTES - 1 || end > this.body.length)
      throw new ProtocolError('a record is longer than its batch')
    this.#at += 1
    const table = this.#table
    const row = index * FIELDS
    const delta = this.#varlong()
    table[row + TIMESTAMP_DELTA] = delta
    if (this.#farDeltas !== undefined || delta !== (delta | 0)) this.#setFar(index, delta)
    table[row + OFFSET_DELTA] = this.#varint()
    const keyLength = this.#varint()
    table[row + KEY_LENGTH] = keyLength
    table[row + KEY_AT] = this.#skip(keyLength)
    const valueLength = this.#varint()
    table[row + VALUE_LENGTH] = valueLength
    table[row + VALUE_AT] = this.#skip(valueLength)
    table[row + HEADERS_AT] = this.#at
    if (this.#at >= end) throw new ProtocolError('a record is longer than it says')
    this.#at = end
  }

  #setFar(index: number, delta: number): void {
    if (this.#farDeltas === undefined) {
      const far = new Float64Array(this.#table.length / FIELDS)
      for (let before = 0; before < index; before++) far[before] = this.timestampDelta(before)
      this.#farDeltas = far
    }
    this.#farDeltas[index] = delta
  }

  /** Moves behind so many bytes (none for null); gives where they begin. */
  #skip(length: number): number {
    const at = this.#at
    if (length > 0) this.#at += length
    if (this.#at > this.body.length) throw new ProtocolError('a record is longer than its batch')
    return at
  }

  #bytes(): Buffer | null {
    const length = this.#varint()
    const at = this.#skip(length)
    return length < 0 ? null : this.body.subarray(at, at + length)
  }

  /** Zigzag, 32 bits. */
  #varint(): number {
    const { body } = this
    let byte = body[this.#at++] ?? 0
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 28) throw new ProtocolError('a varint is longer than five bytes')
      byte = body[this.#at++] ?? 0
      value |= (byte & 127) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  /** Zigzag, 64 bits, exact within ±2^53. */
  #varlong(): number {
    const { body } = this
    let byte = body[this.#at++] ?? 0
    let value = byte & 127
    for (let scale = 128; byte > 127; scale *= 128) {
      if (scale > 2 ** 63) throw new ProtocolError('a varlong is longer than ten bytes')
      byte = body[this.#at++] ?? 0
      value += (byte & 127) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
