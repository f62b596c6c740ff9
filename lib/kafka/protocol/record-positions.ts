/**
 * Where the parts of each record of a batch lie: one pass over the body, typed arrays, no objects.
 * Every length is checked, for nothing says that a body is honest.
 */
import type { HeaderEntry } from '../../core/headers.ts'
import { ProtocolError } from './protocol-error.ts'

/** The shortest record: its length, and seven bytes or so of which none can be left out. */
const MIN_RECORD_BYTES = 7
const NO_HEADERS: readonly HeaderEntry[] = []

export class RecordPositions {
  readonly body: Buffer
  readonly offsetDeltas: Int32Array
  readonly timestampDeltas: Float64Array
  readonly keyAt: Int32Array
  readonly keyLength: Int32Array
  readonly valueAt: Int32Array
  readonly valueLength: Int32Array
  readonly #headersAt: Int32Array
  #at = 0

  constructor(body: Buffer, count: number) {
    if (count < 0 || count * MIN_RECORD_BYTES > body.length)
      throw new ProtocolError(`a batch of ${body.length} bytes cannot hold ${count} records`)
    this.body = body
    this.offsetDeltas = new Int32Array(count)
    this.timestampDeltas = new Float64Array(count)
    this.keyAt = new Int32Array(count)
    this.keyLength = new Int32Array(count)
    this.valueAt = new Int32Array(count)
    this.valueLength = new Int32Array(count)
    this.#headersAt = new Int32Array(count)
    for (let index = 0; index < count; index++) this.#record(index)
    if (this.#at !== body.length)
      throw new ProtocolError(`a batch has ${body.length - this.#at} bytes behind its last record`)
  }

  /** Headers of one record; decoded anew at each call. */
  headersOf(index: number): readonly HeaderEntry[] {
    this.#at = this.#headersAt[index] ?? 0
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
    this.timestampDeltas[index] = this.#varlong()
    this.offsetDeltas[index] = this.#varint()
    this.keyLength[index] = this.#varint()
    this.keyAt[index] = this.#skip(this.keyLength[index] ?? 0)
    this.valueLength[index] = this.#varint()
    this.valueAt[index] = this.#skip(this.valueLength[index] ?? 0)
    this.#headersAt[index] = this.#at
    if (this.#at >= end) throw new ProtocolError('a record is longer than it says')
    this.#at = end
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
