/**
 * The records of a batch as they lie there: what validation and compaction need to know of each,
 * without decoding values or headers.
 */
import { decompress } from '../../protocol/compression.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { HEADER_BYTES, readHeader } from './batch-header.ts'

export interface RawRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly tombstone: boolean
  /** The record with its length, to be copied as it is. */
  readonly bytes: Buffer
}

/** All records of a batch; a {@link ProtocolError} when they are not what the header says. */
export function rawRecords(batch: Buffer): readonly RawRecord[] {
  const header = readHeader(batch)
  const body = batch.subarray(HEADER_BYTES)
  const cursor = new Cursor(header.codec === 0 ? body : decompress(header.codec, body))
  const records: RawRecord[] = []
  for (let index = 0; index < header.count; index++) {
    const start = cursor.at
    const end = cursor.varint() + cursor.at
    cursor.skip(1)
    const created = header.baseTimestamp + cursor.varint()
    const timestamp = header.logAppendTime ? header.maxTimestamp : created
    const offset = header.baseOffset + cursor.varint()
    const key = cursor.nullable()
    const tombstone = cursor.varint() < 0
    records.push({ offset, timestamp, key, tombstone, bytes: cursor.slice(start, end) })
  }
  if (!cursor.done) throw new ProtocolError('a batch has bytes behind its last record')
  return records
}

class Cursor {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.at === this.#bytes.length
  }

  /** Zigzag, up to 64 bits; exact within ±2^53. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new ProtocolError('a record ends within a number')
  }

  skip(length: number): void {
    this.at += length
    if (length < 0 || this.at > this.#bytes.length)
      throw new ProtocolError('a record is longer than its batch')
  }

  nullable(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.at
    this.skip(length)
    return this.#bytes.subarray(start, this.at)
  }

  /** The bytes from one position to the other, where it goes on. */
  slice(from: number, to: number): Buffer {
    this.skip(to - this.at)
    return this.#bytes.subarray(from, to)
  }
}
