/**
 * Keys of rows, in the store and in its changelog (FORMATS.md). In the store the time comes first,
 * so that what expires together lies together; in the changelog the record key does, as in Kafka
 * Streams.
 *
 * | kind | store key | changelog key |
 * |---|---|---|
 * | key-value | key | the same |
 * | window, join buffer | start ++ key ++ int32 n | key ++ int64 start ++ int32 n |
 * | dedup | segment start ++ changelog key | int32 length ++ key ++ id |
 *
 * A start in a store key is an int64 with its sign bit flipped, so that negative ones come first.
 * Store keys are strings of one char a byte: they compare and hash as the bytes do.
 */
import { int32Chars, mapKey, readInt64, writeChars, writeInt64 } from '../core/bytes.ts'
import { Scratch } from './scratch.ts'

/** What is in front of and behind the record key in a windowed store key. */
export const START_BYTES = 8
export const NUMBER_BYTES = 4
const SIGN = 0x8000_0000 | 0

/** A store key and the start that it is filed under; 0 for kinds without time. */
export interface StoreKey {
  readonly key: string
  readonly start: number
}

const scratch = Buffer.alloc(START_BYTES)

/** The first 8 chars of a windowed store key. */
export function startPrefix(start: number): string {
  writeFlipped(scratch, start)
  return mapKey(scratch)
}

/** A windowed store key of a record key, one char a byte. */
export function windowKey(start: number, key: string, n: number): string {
  return prefixOf(start) + key + int32Chars(n)
}

/** How many bytes a windowed store key has. */
export function windowKeyBytes(key: string): number {
  return START_BYTES + key.length + NUMBER_BYTES
}

/** {@link windowKey}, written where it is to lie. */
export function writeWindowKey(
  bytes: Buffer,
  from: number,
  start: number,
  key: string,
  n: number,
): void {
  const end = from + START_BYTES + key.length
  writeInt64(bytes, start, from)
  bytes[from] = (bytes[from] as number) ^ 0x80
  writeChars(bytes, key, from + START_BYTES)
  for (let at = 0; at < NUMBER_BYTES; at++) bytes[end + at] = n >>> (24 - 8 * at)
}

/** The prefixes that were asked for last: records have few different starts at a time. */
const PREFIXES = new Map<number, string>()
const MAX_PREFIXES = 1024

/** {@link startPrefix}, remembered. */
export function prefixOf(start: number): string {
  let prefix = PREFIXES.get(start)
  if (prefix === undefined) {
    if (PREFIXES.size >= MAX_PREFIXES) PREFIXES.clear()
    prefix = startPrefix(start)
    PREFIXES.set(start, prefix)
  }
  return prefix
}

/** The start that a windowed or dedup store key begins with. */
export function startOf(key: string): number {
  let high = 0
  let low = 0
  for (let at = 0; at < 4; at++) high = high * 256 + key.charCodeAt(at)
  for (let at = 4; at < START_BYTES; at++) low = low * 256 + key.charCodeAt(at)
  return (high - 0x8000_0000) * 4_294_967_296 + low
}

/** The same, of bytes that begin at `at`. */
export function startAt(bytes: Buffer, at: number): number {
  const high = (bytes.readInt32BE(at) ^ SIGN) * 4_294_967_296
  return high + bytes.readUInt32BE(at + 4)
}

/** The record key and the number in a windowed store key. */
export function partsOf(key: string): { readonly key: string; readonly n: number } {
  const end = key.length - NUMBER_BYTES
  let n = 0
  for (let at = end; at < key.length; at++) n = (n << 8) | key.charCodeAt(at)
  return { key: key.slice(START_BYTES, end), n }
}

const changelogKeys = new Scratch()

/** The changelog key of a windowed store key, valid until the next call. */
export function windowChangelogKey(storeKey: Buffer): Buffer {
  const bytes = changelogKeys.of(storeKey.length)
  const end = storeKey.length - NUMBER_BYTES
  const length = end - START_BYTES
  for (let at = 0; at < length; at++) bytes[at] = storeKey[START_BYTES + at] as number
  for (let at = 0; at < START_BYTES; at++) bytes[length + at] = storeKey[at] as number
  bytes[length] = (storeKey[0] as number) ^ 0x80
  for (let at = end; at < storeKey.length; at++) bytes[at] = storeKey[at] as number
  return bytes
}

/** The store key of a windowed changelog key; undefined when it is none. */
export function windowStoreKey(changelogKey: Buffer): StoreKey | undefined {
  const length = changelogKey.length - START_BYTES - NUMBER_BYTES
  if (length < 0) return undefined
  const start = readInt64(changelogKey, length)
  const n = changelogKey.readInt32BE(length + START_BYTES)
  return { key: windowKey(start, changelogKey.toString('latin1', 0, length), n), start }
}

/** The part of a dedup store key that is also its changelog key; of key and id, one char a byte. */
export function dedupKey(key: string, id: string): string {
  return int32Chars(key.length) + key + id
}

/** What is behind the start of a dedup store key. */
export function dedupPart(key: string): string {
  return key.slice(START_BYTES)
}

/** A dedup store key for an id that was seen at `time`; segments are `segmentMs` long. */
export function dedupStoreKey(part: string, time: number, segmentMs: number): StoreKey {
  const start = Math.floor(time / segmentMs) * segmentMs
  return { key: prefixOf(start) + part, start }
}

/** The store key of a key-value changelog key. */
export function plainStoreKey(changelogKey: Buffer): StoreKey {
  return { key: mapKey(changelogKey), start: 0 }
}

function writeFlipped(bytes: Buffer, start: number): void {
  writeInt64(bytes, start, 0)
  bytes[0] = (bytes[0] ?? 0) ^ 0x80
}
