/**
 * Rows of layers and of disk.
 *
 * On disk: int64 timestamp ++ value ++ u32 CRC-32C(key ++ timestamp ++ value), where the key is the
 * whole one, store number included: a row under a wrong key is damaged too.
 */
import { readInt64, writeChars, writeInt64 } from '../core/bytes.ts'
import { crc32c, crc32cOfCopy } from '../core/crc32c.ts'
import { TaskCorruptedError } from '../core/errors.ts'

/** Never changed, so that spans, layers and undo lists can share it. */
export interface Row {
  /** A string has one char a byte. Null: deleted. Undefined: `value` stands for it, an immutable one that is encoded on its way out. */
  readonly bytes: Buffer | string | null | undefined
  readonly value: unknown
  readonly timestamp: number
}

export function encodedRow(bytes: Buffer | string | null, timestamp: number): Row {
  return { bytes, value: undefined, timestamp }
}

export function valueRow(value: unknown, timestamp: number): Row {
  return { bytes: undefined, value, timestamp }
}

export function deletedRow(timestamp: number): Row {
  return encodedRow(null, timestamp)
}

/** Of a key on disk: the number of its store, in front. */
export const STORE_NUMBER_BYTES = 2

const HEAD = 8
const TAIL = 4

/** What a row costs in memory beyond its bytes: its cell, places in a table and in lists, lengths. */
export const ROW_OVERHEAD_BYTES = 112

/** The bytes of a row with this value on disk; `into` has room for just them. */
export function encodeRow(
  key: Buffer,
  value: Buffer | string,
  timestamp: number,
  into?: Buffer,
): Buffer {
  const bytes = into ?? Buffer.allocUnsafe(rowBytes(value.length))
  writeInt64(bytes, timestamp, 0)
  if (typeof value === 'string') writeChars(bytes, value, HEAD)
  else bytes.set(value, HEAD)
  const end = HEAD + value.length
  bytes.writeUInt32BE(crc32c(bytes, 0, end, crc32c(key)), end)
  return bytes
}

/** On disk, with a value of that length. */
export function rowBytes(valueLength: number): number {
  return HEAD + valueLength + TAIL
}

/** The same as `encodeRow`, into `bytes`, of a value that lies in a body from `from` up to `to`. */
export function encodeRowAt(
  bytes: Buffer,
  key: Buffer,
  body: Buffer,
  from: number,
  to: number,
  timestamp: number,
): void {
  writeInt64(bytes, timestamp, 0)
  const head = crc32c(bytes, 0, HEAD, crc32c(key))
  const crc = crc32cOfCopy(body, from, to, bytes, HEAD, head)
  bytes.writeUInt32BE(crc, HEAD + to - from)
}

/** Throws TaskCorruptedError STATE_DAMAGED when the checksum is not that of key and row. */
export function decodeRow(key: Buffer, bytes: Buffer, store: string): Row {
  const end = bytes.length - TAIL
  if (end < HEAD || bytes.readUInt32BE(end) !== crc32c(bytes, 0, end, crc32c(key)))
    throw new TaskCorruptedError(
      'STATE_DAMAGED',
      `a row of store '${store}' does not match its checksum (key ${key.toString('hex')}): the disk or a foreign hand changed it; the state is rebuilt from the changelog`,
    )
  return encodedRow(bytes.subarray(HEAD, end), readInt64(bytes, 0))
}
