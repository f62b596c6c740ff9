/** Bytes as keys: comparing, hashing, incrementing. Keys are never compared as strings. */

export const EMPTY: Buffer = Buffer.alloc(0)

/** Bytes, or a string of one char a byte: ASCII text need not become a buffer on its way out. */
export type Chars = Uint8Array | string

/** As a Buffer; of text a new one. */
export function bufferOf(bytes: Chars): Buffer {
  return typeof bytes === 'string' ? bytesOf(bytes) : asBuffer(bytes)
}

/** A string that is equal exactly when the bytes are: for keys of a Map. One char a byte. */
export function mapKey(bytes: Buffer): string {
  return bytes.toString('latin1')
}

/** The UTF-8 bytes of text, one char each: of ASCII text they are its chars. */
export function utf8Chars(text: string): string {
  return isAscii(text) ? text : mapKey(Buffer.from(text, 'utf8'))
}

/** Longer text is not looked at char by char: its UTF-8 bytes are counted. */
const LOOKED_AT = 16

/** Whether its UTF-8 bytes are its chars. */
export function isAscii(text: string): boolean {
  if (text.length > LOOKED_AT) return Buffer.byteLength(text, 'utf8') === text.length
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false
  return true
}

/** Longer text would be put together as a tree of its parts in V8, which a look at its chars flattens. */
const PUT_TOGETHER = 12

/** As {@link mapKey}, of a part. */
export function latin1At(bytes: Buffer, from: number, to: number): string {
  return shortTextAt(bytes, from, to, 255) ?? bytes.toString('latin1', from, to)
}

/**
 * One char a byte, of few bytes as most keys have: a call into a binary costs more. Undefined: they are
 * not few, or one is above `highest`, 127 or 255.
 */
export function shortTextAt(
  bytes: Buffer,
  from: number,
  to: number,
  highest: number,
): string | undefined {
  if (to - from > PUT_TOGETHER) return undefined
  let text = ''
  let at = from
  for (; at + 4 <= to; at += 4) {
    const a = bytes[at] as number
    const b = bytes[at + 1] as number
    const c = bytes[at + 2] as number
    const d = bytes[at + 3] as number
    if ((a | b | c | d) > highest) return undefined
    text += String.fromCharCode(a, b, c, d)
  }
  if (at === to) return text
  // Three at most are left, and made into text at once: each `+=` is another string.
  const a = bytes[at] as number
  const b = at + 1 < to ? (bytes[at + 1] as number) : 0
  const c = at + 2 < to ? (bytes[at + 2] as number) : 0
  if ((a | b | c) > highest) return undefined
  if (at + 1 === to) return text + String.fromCharCode(a)
  return text + (at + 2 === to ? String.fromCharCode(a, b) : String.fromCharCode(a, b, c))
}

/** The inverse of {@link mapKey}. */
export function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1')
}

/** A signed int32, big endian, one char a byte. */
export function int32Chars(value: number): string {
  const small = SMALL_INTS[value]
  if (small !== undefined) return small
  return String.fromCharCode(
    (value >>> 24) & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  )
}

/** Most lengths are small. */
const SMALL_INTS: readonly string[] = Array.from({ length: 256 }, (_, value) =>
  String.fromCharCode(0, 0, 0, value),
)

/** Shorter strings are never parts of longer ones in V8. */
const SHARED_FROM = 13

/** The same chars, of one byte each, in memory of their own: a part of a text keeps all of it alive. */
export function ownChars(text: string): string {
  return text.length < SHARED_FROM ? text : Buffer.from(text, 'latin1').toString('latin1')
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
