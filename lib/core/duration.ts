/**
 * Lengths of time as users write them.
 *
 * An option of this type never has a unit in its name; a plain number is milliseconds, as in
 * kafkajs. There is one spelling: `'10m'`, not `'10 minutes'`.
 */
import { ConfigError } from './errors.ts'

/** `'250ms' | '10s' | '5m' | '1h' | '7d'`, or milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Checks text from a configuration file or the environment. Throws {@link ConfigError}. */
export function duration(text: string): Duration {
  return milliseconds(text as Duration, 'a duration')
}

/**
 * Whole milliseconds, at least 0. Throws a {@link ConfigError} `INVALID_OPTION` that names the
 * option for anything else: negative, not finite, parts of a millisecond, another spelling.
 */
export function milliseconds(value: Duration, option: string): number {
  const amount = typeof value === 'number' ? value : parse(value)
  if (Number.isSafeInteger(amount) && amount >= 0) return amount
  throw new ConfigError(
    'INVALID_OPTION',
    `${option} is ${JSON.stringify(value)}: write '250ms', '10s', '5m', '1h', '7d' or a whole number of milliseconds`,
  )
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (match === null) return Number.NaN
  // Rounded, for 0.3 s is 300 ms whatever binary fractions say.
  const exact = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
  const rounded = Math.round(exact)
  return Math.abs(exact - rounded) < 1e-6 ? rounded : exact
}
