/**
 * Writes one record batch, format v2, into a buffer that grows and is used again. Offsets are
 * deltas from the batch, so nothing of it depends on where it will lie.
 *
 * `finish` hands out a view of that buffer: `reset` only once nobody needs it.
 */
import type { Chars } from '../../core/bytes.ts'
import { writeChars, writeInt64 } from '../../core/bytes.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import { BATCH_HEADER_BYTES } from './batch-layout.ts'
import type { Compression } from './compression.ts'
import { COMPRESSIONS, compress } from './compression.ts'
import { crc32c } from './crc32c.ts'

export interface BatchHeader {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
  readonly control?: boolean
  readonly compression?: Compression
}

const TRANSACTIONAL = 16
const CONTROL = 32
const SHORT = 24
/** The varints of a record besides those of its key, value and headers, at their longest. */
const OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5 + 5 + 5

export class BatchWriter {
  #buffer: Buffer
  #at = BATCH_HEADER_BYTES
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

  constructor(capacityBytes = 16_384) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(capacityBytes, BATCH_HEADER_BYTES + 64))
  }

  get count(): number {
    return this.#count
  }

  /** Its size so far, uncompressed. */
  get bytes(): number {
    return this.#at
  }

  reset(): void {
    this.#at = BATCH_HEADER_BYTES
    this.#count = 0
  }

  append(key: Chars | null, value: Chars | null, timestamp: number, headers?: RecordHeaders): void {
    const count = this.#count
    if (count === 0) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const encoded = headers === undefined || headers.size === 0 ? undefined : encodeHeaders(headers)
    const delta = timestamp - this.#baseTimestamp
    const body =
      2 +
      varlongBytes(delta) +
      varintBytes(count) +
      sizeOf(key) +
      sizeOf(value) +
      (encoded === undefined ? 0 : encoded.length - 1)
    this.#reserve(body + OVERHEAD_BYTES)
    const buffer = this.#buffer
    let at = putVarint(buffer, this.#at, body)
    buffer[at++] = 0
    at = putVarlong(buffer, at, delta)
    at = putVarint(buffer, at, count)
    at = putBytes(buffer, at, key)
    at = putBytes(buffer, at, value)
    if (encoded === undefined) buffer[at++] = 0
    else at += encoded.copy(buffer, at)
    this.#at = at
    this.#count = count + 1
  }

  /** The whole batch; `count` records, base offset 0. */
  finish(header: BatchHeader): Buffer {
    const codec = COMPRESSIONS.indexOf(header.compression ?? 'none')
    const batch = codec === 0 ? this.#buffer.subarray(0, this.#at) : this.#compressed(codec)
    batch.fill(0, 0, 8)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(-1, 12)
    batch[16] = 2
    const flags = (header.transactional ? TRANSACTIONAL : 0) | (header.control ? CONTROL : 0)
    batch.writeInt16BE(codec | flags, 21)
    batch.writeInt32BE(this.#count - 1, 23)
    writeInt64(batch, this.#baseTimestamp, 27)
    writeInt64(batch, this.#maxTimestamp, 35)
    writeInt64(batch, header.producerId, 43)
    batch.writeInt16BE(header.producerEpoch, 51)
    batch.writeInt32BE(header.baseSequence, 53)
    batch.writeInt32BE(this.#count, 57)
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    return batch
  }

  #compressed(codec: number): Buffer {
    const body = compress(codec, this.#buffer.subarray(BATCH_HEADER_BYTES, this.#at))
    const batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + body.length)
    body.copy(batch, BATCH_HEADER_BYTES)
    return batch
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** These three give where the next byte goes: a field that moves with each byte costs more. */
function putBytes(buffer: Buffer, start: number, bytes: Chars | null): number {
  if (bytes === null) return putVarint(buffer, start, -1)
  const { length } = bytes
  const at = putVarint(buffer, start, length)
  if (typeof bytes === 'string') writeChars(buffer, bytes, at)
  else if (length > SHORT) buffer.set(bytes, at)
  else copyShort(buffer, at, bytes)
  return at + length
}

/** A call of `set` costs more. */
function copyShort(buffer: Buffer, at: number, bytes: Uint8Array): void {
  for (let index = 0; index < bytes.length; index++) buffer[at + index] = bytes[index] as number
}

function putVarint(buffer: Buffer, start: number, value: number): number {
  let at = start
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    buffer[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

/** Beyond 32 bits for timestamps that lie far apart. */
function putVarlong(buffer: Buffer, start: number, value: number): number {
  if (value === (value | 0)) return putVarint(buffer, start, value)
  let at = start
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest > 127) {
    buffer[at++] = (rest % 128) + 128
    rest = Math.floor(rest / 128)
  }
  buffer[at++] = rest
  return at
}

function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 128) return 1
  if (zigzag < 16_384) return 2
  if (zigzag < 2_097_152) return 3
  return zigzag < 268_435_456 ? 4 : 5
}

function varlongBytes(value: number): number {
  if (value === (value | 0)) return varintBytes(value)
  let bytes = 1
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; rest > 127; bytes++)
    rest = Math.floor(rest / 128)
  return bytes
}

function sizeOf(bytes: Chars | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length) + bytes.length
}

/** Count, then name and value of each; names and values as Kafka's varint-prefixed bytes. */
function encodeHeaders(headers: RecordHeaders): Buffer {
  const pieces: Buffer[] = [varint(headers.size)]
  for (const [name, value] of headers) {
    const text = Buffer.from(name)
    pieces.push(varint(text.length), text)
    if (value === null) pieces.push(varint(-1))
    else pieces.push(varint(value.length), value)
  }
  return Buffer.concat(pieces)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** The marker that ends a transaction: one record, key {version 0, type}, value {version 0, coordinator epoch}. */
export function encodeControlBatch(
  type: 'abort' | 'commit',
  timestamp: number,
  producer: {
    readonly producerId: number
    readonly producerEpoch: number
    readonly coordinatorEpoch: number
  },
): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(type === 'commit' ? 1 : 0, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(producer.coordinatorEpoch, 2)
  const writer = new BatchWriter(128)
  writer.append(key, value, timestamp)
  const { producerId, producerEpoch } = producer
  return writer.finish({
    producerId,
    producerEpoch,
    baseSequence: -1,
    transactional: true,
    control: true,
  })
}
