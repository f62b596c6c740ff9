/**
 * A record batch (magic 2) by the positions of its header: what a log reads of a batch and writes
 * into it. Offset and leader epoch lie outside the checksum, so that appending changes no other byte.
 */
import { readInt64, writeInt64 } from '../../../core/bytes.ts'
import { crc32c } from '../../protocol/crc32c.ts'

export const HEADER_BYTES = 61

const LENGTH_AT = 8
const EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const COUNT_AT = 57

const CODEC_BITS = 0x07
const LOG_APPEND_TIME_BIT = 0x08
const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20

export interface BatchHeader {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly leaderEpoch: number
  readonly codec: number
  readonly logAppendTime: boolean
  readonly transactional: boolean
  readonly control: boolean
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly count: number
}

/** Bytes of the batch that begins at `at`, its header included; undefined when it is cut off. */
export function batchBytesAt(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < HEADER_BYTES) return undefined
  const length = bytes.readInt32BE(at + LENGTH_AT) + EPOCH_AT
  return length < HEADER_BYTES || at + length > bytes.length ? undefined : length
}

/** Whether it is a batch of magic 2, whole, alone and undamaged. */
export function isSoundBatch(batch: Buffer): boolean {
  return (
    batchBytesAt(batch, 0) === batch.length &&
    batch[MAGIC_AT] === 2 &&
    crc32c(batch.subarray(ATTRIBUTES_AT)) === batch.readUInt32BE(CRC_AT)
  )
}

export function magicOf(batch: Buffer): number {
  return batch[MAGIC_AT] ?? 0
}

export function readHeader(batch: Buffer): BatchHeader {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  const baseOffset = readInt64(batch, 0)
  const lastDelta = batch.readInt32BE(LAST_DELTA_AT)
  const baseSequence = batch.readInt32BE(53)
  return {
    baseOffset,
    lastOffset: baseOffset + lastDelta,
    leaderEpoch: batch.readInt32BE(EPOCH_AT),
    codec: attributes & CODEC_BITS,
    logAppendTime: (attributes & LOG_APPEND_TIME_BIT) !== 0,
    transactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    control: (attributes & CONTROL_BIT) !== 0,
    baseTimestamp: readInt64(batch, BASE_TIMESTAMP_AT),
    maxTimestamp: readInt64(batch, MAX_TIMESTAMP_AT),
    producerId: readInt64(batch, 43),
    producerEpoch: batch.readInt16BE(51),
    baseSequence,
    lastSequence: baseSequence < 0 ? -1 : sequenceAfter(baseSequence, lastDelta),
    count: batch.readInt32BE(COUNT_AT),
  }
}

/** Sequences wrap from 2^31 - 1 to 0. */
export function sequenceAfter(sequence: number, steps: number): number {
  return (sequence + steps) % 2_147_483_648
}

/** Gives a batch its place in the log. */
export function placeBatch(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, baseOffset, 0)
  batch.writeInt32BE(leaderEpoch, EPOCH_AT)
}

/** Makes it a batch of LogAppendTime. */
export function stampBatch(batch: Buffer, timeMs: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME_BIT, ATTRIBUTES_AT)
  writeInt64(batch, timeMs, MAX_TIMESTAMP_AT)
  seal(batch)
}

/** The same batch with these (uncompressed) records: offsets, timestamps and producer stay. */
export function withRecords(batch: Buffer, records: readonly Buffer[]): Buffer {
  const made = Buffer.concat([batch.subarray(0, HEADER_BYTES), ...records])
  made.writeInt32BE(made.length - EPOCH_AT, LENGTH_AT)
  made.writeInt16BE(made.readInt16BE(ATTRIBUTES_AT) & ~CODEC_BITS, ATTRIBUTES_AT)
  made.writeInt32BE(records.length, COUNT_AT)
  seal(made)
  return made
}

/** Whether a control batch is a commit marker. */
export function isCommitMarker(batch: Buffer): boolean {
  return batch[HEADER_BYTES + 8] === 1
}

function seal(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
}
