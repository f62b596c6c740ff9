/** A figure over several pairs: its median and how far it spreads. */

/** What repeated runs of one thing gave. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** `undefined` for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((left, right) => left - right)
  const [min] = sorted
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) return undefined
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? min
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? max
  return { median: (low + high) / 2, min, max, count: sorted.length }
}

/** Three digits that mean something: 0.123, 1.23, 12.3, 123, 12,300. */
export function figure(value: number): string {
  if (value === 0) return '0'
  const size = Math.floor(Math.log10(Math.abs(value)))
  const step = 10 ** (size - 2)
  if (size >= 2) return (Math.round(value / step) * step).toLocaleString('en-US')
  return value.toFixed(2 - Math.max(size, -1))
}

/** `1.23 (1.20–1.31)`, or one figure where there was one run, or a dash. */
export function shown(spread: Spread | undefined): string {
  if (spread === undefined) return '–'
  const { median, min, max, count } = spread
  return count === 1 ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`
}
