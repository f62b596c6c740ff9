/** Bytes as keys: comparing, hashing, incrementing. Keys are never compared as strings. */

export const EMPTY: Buffer = Buffer.alloc(0)

/** A string that is equal exactly when the bytes are: for keys of a Map. One char a byte. */
export function mapKey(bytes: Buffer): string {
  return bytes.toString('latin1')
}

/** The inverse of {@link mapKey}. */
export function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1')
}

/** Text that is shorter is written char by char: a call into a binary costs more. */
const SHORT = 48

/** Writes a string of one char a byte; there must be room. */
export function writeChars(bytes: Buffer, text: string, at: number): void {
  if (text.length >= SHORT) {
    bytes.write(text, at, 'latin1')
    return
  }
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index)
}

/** The smallest bytes that are greater than all that begin with `prefix`; undefined: there is none. */
export function prefixEnd(prefix: Buffer): Buffer | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const byte = prefix[last] ?? 0
    if (byte === 0xff) continue
    const end = Buffer.from(prefix.subarray(0, last + 1))
    end[last] = byte + 1
    return end
  }
  return undefined
}

/** A view of any bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Reads a signed int64 as a number; exact within ±2^53. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4)
}

/** Writes a signed int64 from a whole number within ±2^53. */
export function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 4_294_967_296), at)
  bytes.writeUInt32BE(value - Math.floor(value / 4_294_967_296) * 4_294_967_296, at + 4)
}
