/** Kafka's own hash of keys, so that records land where Java's producers put them. */

import type { Chars } from '../../core/bytes.ts'
import { bufferOf } from '../../core/bytes.ts'

const SEED = 0x9747b28c | 0
const MULTIPLIER = 0x5bd1e995
const ROTATE = 24

/** Signed 32 bits, as Java's `Utils.murmur2`. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const whole = length - (length & 3)
  let hash = SEED ^ length
  for (let at = 0; at < whole; at += 4) {
    let word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> ROTATE
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = length & 3
  if (rest === 3) hash ^= (bytes[whole + 2] ?? 0) << 16
  if (rest >= 2) hash ^= (bytes[whole + 1] ?? 0) << 8
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[whole] ?? 0), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** The partition of a key, at least 0 and below `partitions`. */
export function partitionFor(key: Chars, partitions: number): number {
  if (partitions === 1) return 0
  const bytes = typeof key === 'string' ? bufferOf(key) : key
  return (murmur2(bytes) & 0x7fffffff) % partitions
}
