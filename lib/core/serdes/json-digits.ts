/** Integers as ASCII digits in bytes: faster than by a string, which would be made only to be copied. */

/** Divides an integer within ±2^53 in two that are each an int32. */
const HALF = 1e9
const HALF_DIGITS = 9
const MINUS = 0x2d
const ZERO = 0x30

/** Of an integer within ±2^53; returns where its 17 chars or less end. There must be room. */
export function putInteger(bytes: Uint8Array, integer: number, at: number): number {
  let from = at
  let rest = integer
  if (rest < 0) {
    bytes[from] = MINUS
    from += 1
    rest = -rest
  }
  if (rest < HALF) return putDigits(bytes, rest, from, digitsOf(rest))
  // Exact: no quotient of integers within 2^53 is rounded up to a whole number.
  const high = Math.floor(rest / HALF)
  const middle = putDigits(bytes, high, from, digitsOf(high))
  return putDigits(bytes, rest - high * HALF, middle, HALF_DIGITS)
}

function digitsOf(small: number): number {
  let digits = 1
  for (let limit = 10; small >= limit; limit *= 10) digits += 1
  return digits
}

/** Zeros come before a number of fewer digits. */
function putDigits(bytes: Uint8Array, small: number, from: number, digits: number): number {
  let rest = small | 0
  for (let at = from + digits - 1; at >= from; at--) {
    const tenth = (rest / 10) | 0
    bytes[at] = ZERO + rest - tenth * 10
    rest = tenth
  }
  return from + digits
}
