/**
 * Integers in JSON beyond ±2^53, which `JSON.parse` rounds in silence.
 *
 * Bytes are looked at in steps: a run of 16 digits cannot hide between two bytes that are 16 apart
 * and no digits, so most records cost a sixteenth of a scan. Only where there is such a run (it may
 * be a fraction, or within a string) the slow parser reads the text.
 */
import { parse } from 'lossless-json'

/** Digits of the smallest integer that a number may not hold. */
const RUN = 16
const INTEGER = /^-?\d+$/

/** What integers beyond ±2^53 become. */
export type IntegerMode = 'bigint' | 'string' | 'round' | 'refuse'

/** Thrown in the mode `'refuse'`; the message is the integer. */
export class UnsafeInteger extends Error {}

/** Whether 16 digits stand side by side anywhere in these bytes. */
export function hasLongDigitRun(data: Uint8Array, from: number, to: number): boolean {
  // Of the run looked for; it is read from its end, so a byte that is no digit rules out most.
  let first = from
  let at = from + RUN - 1
  // Never reads outside: that would make the engine give up its fast path for bytes.
  while (at < to) {
    if (!isDigit(data[at] as number)) {
      first = at + 1
      at += RUN
    } else if (at === first) {
      return true
    } else {
      at -= 1
    }
  }
  return false
}

/** The same of text; apart, for code that reads both is slower for each. */
export function hasLongDigits(text: string): boolean {
  let first = 0
  let at = RUN - 1
  while (at < text.length) {
    if (!isDigit(text.charCodeAt(at))) {
      first = at + 1
      at += RUN
    } else if (at === first) {
      return true
    } else {
      at -= 1
    }
  }
  return false
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** Parses JSON that may hold large integers. Throws SyntaxError, and {@link UnsafeInteger}. */
export function parseIntegers(text: string, mode: IntegerMode): unknown {
  return parse(text, null, {
    parseNumber: (number) => numberOf(number, mode),
    // As JSON.parse does.
    onDuplicateKey: ({ newValue }) => newValue,
  })
}

function numberOf(text: string, mode: IntegerMode): number | bigint | string {
  const value = Number(text)
  if (Number.isSafeInteger(value) || !INTEGER.test(text)) return value
  if (mode === 'bigint') return BigInt(text)
  if (mode === 'string') return text
  if (mode === 'round') return value
  throw new UnsafeInteger(text)
}
