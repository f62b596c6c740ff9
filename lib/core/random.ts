/** PORT: randomness. Simulations give a seeded one; `Math.random` appears nowhere else. */
import { randomBytes } from 'node:crypto'

export interface Random {
  /** At least 0, below 1. */
  next(): number
  bytes(length: number): Buffer
}

/** A whole number, at least 0 and below `bound`. */
export function below(random: Random, bound: number): number {
  return Math.floor(random.next() * bound)
}

/** A random (version 4) UUID as text. */
export function uuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomBytes(length),
}

/** Mulberry32: 32 bits of state, fast, good enough for schedules; equal seeds are equal runs. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    bytes: (length) => {
      const bytes = Buffer.alloc(length)
      for (let at = 0; at < length; at++) bytes[at] = Math.floor(next() * 256)
      return bytes
    },
  }
}
