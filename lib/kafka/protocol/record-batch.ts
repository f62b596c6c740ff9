/**
 * Reads record batches, format v2: the header at once, positions of the records when somebody asks,
 * keys, values and headers one by one. No object is made per record.
 * `BatchWriter` is the other half; both come from here.
 */
import { readInt64 } from '../../core/bytes.ts'
import type { HeaderEntry, RecordHeaders } from '../../core/headers.ts'
import { EMPTY_HEADERS, recordHeaders } from '../../core/headers.ts'
import type { TimestampType } from '../../core/record.ts'
import type { RecordView } from '../../core/record-view.ts'
import type { SerdeContext } from '../../core/serde.ts'
import type { DecodeAt } from '../../core/serdes/positional.ts'
import { BATCH_HEADER_BYTES } from './batch-layout.ts'
import { decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { ProtocolError } from './protocol-error.ts'
import { RecordPositions } from './record-positions.ts'

export type { BatchHeader } from './batch-writer.ts'
export { BatchWriter, encodeControlBatch } from './batch-writer.ts'

const MAGIC = 2

export class LazyBatch implements RecordView {
  /** As it came, with its header. */
  readonly data: Buffer
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
  readonly #attributes: number
  #positions: RecordPositions | undefined

  /** A whole batch. Throws a {@link ProtocolError} when it is damaged or of an older format. */
  constructor(data: Buffer) {
    const magic = data[16]
    if (magic !== MAGIC)
      throw new ProtocolError(
        `record format ${magic}: only v2 is read, which Kafka writes since 0.11`,
      )
    if (crc32c(data.subarray(21)) !== data.readUInt32BE(17))
      throw new ProtocolError(`the batch at offset ${readInt64(data, 0)} has another checksum`)
    this.data = data
    this.baseOffset = readInt64(data, 0)
    this.leaderEpoch = data.readInt32BE(12)
    this.#attributes = data.readInt16BE(21)
    this.lastOffsetDelta = data.readInt32BE(23)
    this.baseTimestamp = readInt64(data, 27)
    this.maxTimestamp = readInt64(data, 35)
    this.producerId = readInt64(data, 43)
    this.producerEpoch = data.readInt16BE(51)
    this.baseSequence = data.readInt32BE(53)
    this.count = data.readInt32BE(57)
  }

  /** Its size on the wire. */
  get bytes(): number {
    return this.data.length
  }

  /** The fetch answer. */
  get memory(): ArrayBufferLike {
    return this.data.buffer
  }

  /** The offset behind the batch: also right for empty, compacted and control batches. */
  get nextOffset(): number {
    return this.baseOffset + this.lastOffsetDelta + 1
  }

  get codec(): number {
    return this.#attributes & 7
  }

  get timestampType(): TimestampType {
    return this.#attributes & 8 ? 'LogAppendTime' : 'CreateTime'
  }

  get isTransactional(): boolean {
    return (this.#attributes & 16) !== 0
  }

  get isControl(): boolean {
    return (this.#attributes & 32) !== 0
  }

  /** Of a control batch: 0 abort, 1 commit; `undefined` when compaction left it without records. */
  get controlType(): number | undefined {
    return this.isControl && this.count > 0 ? this.key(0)?.readInt16BE(2) : undefined
  }

  offset(index: number): number {
    return this.baseOffset + this.#decoded().offsetDelta(index)
  }

  timestamp(index: number): number {
    if (this.#attributes & 8) return this.maxTimestamp
    return this.baseTimestamp + this.#decoded().timestampDelta(index)
  }

  key(index: number): Buffer | null {
    const positions = this.#decoded()
    return slice(positions.body, positions.keyAt(index), positions.keyLength(index))
  }

  value(index: number): Buffer | null {
    const positions = this.#decoded()
    return slice(positions.body, positions.valueAt(index), positions.valueLength(index))
  }

  decodeKey(index: number, decode: DecodeAt, context: SerdeContext): unknown {
    const positions = this.#decoded()
    const length = positions.keyLength(index)
    const at = positions.keyAt(index)
    return length < 0 ? null : decode(positions.body, at, at + length, context)
  }

  decodeValue(index: number, decode: DecodeAt, context: SerdeContext): unknown {
    const positions = this.#decoded()
    const length = positions.valueLength(index)
    const at = positions.valueAt(index)
    return length < 0 ? null : decode(positions.body, at, at + length, context)
  }

  headers(index: number): RecordHeaders {
    const entries = this.#decoded().headersOf(index)
    return entries.length === 0 ? EMPTY_HEADERS : recordHeaders(entries)
  }

  headerEntries(index: number): readonly HeaderEntry[] {
    return this.#decoded().headersOf(index)
  }

  #decoded(): RecordPositions {
    if (this.#positions === undefined) {
      const records = this.data.subarray(BATCH_HEADER_BYTES)
      const body = this.codec === 0 ? records : decompress(this.codec, records)
      this.#positions = new RecordPositions(body, this.count)
    }
    return this.#positions
  }
}

function slice(body: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : body.subarray(at, at + length)
}

/**
 * The batches of a fetch answer, in order; the last one, which the broker may have cut, is left out.
 * Throws a {@link ProtocolError} where one is damaged.
 */
export function* readBatches(records: Buffer): Generator<LazyBatch> {
  for (let at = 0; at + 12 <= records.length; ) {
    const length = records.readInt32BE(at + 8)
    if (length < BATCH_HEADER_BYTES - 12)
      throw new ProtocolError(`a batch of ${length} bytes is shorter than its header`)
    const end = at + 12 + length
    if (end > records.length) return
    yield new LazyBatch(records.subarray(at, end))
    at = end
  }
}
