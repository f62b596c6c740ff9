/**
 * The live segments of time of a windowed store: how many rows each has, and an offset of the
 * changelog that its first row is at or above. What lies below the lowest of these has expired
 * everywhere, so the changelog can be cut there.
 */

const MIN_SEGMENT_MS = 60_000
/** Of stores that keep for ever: nothing of them expires or is cut. */
const ENDLESS_SEGMENT_MS = 86_400_000

/** What expires together, of a store that keeps rows for `retentionMs`. */
export function segmentMsOf(retentionMs: number): number {
  if (!Number.isFinite(retentionMs)) return ENDLESS_SEGMENT_MS
  return Math.max(Math.floor(retentionMs / 2), MIN_SEGMENT_MS)
}

export type SegmentEntry = readonly [segment: number, firstOffset: number, rows: number]

interface Segment {
  readonly firstOffset: number
  rows: number
}

export class Segments {
  readonly #segmentMs: number
  readonly #segments = new Map<number, Segment>()
  /** The row before was most often of the same one. */
  #lastNumber = Number.NaN
  #last: Segment | undefined

  constructor(segmentMs: number) {
    this.#segmentMs = segmentMs
  }

  /** In all live segments. */
  get rows(): number {
    let rows = 0
    for (const segment of this.#segments.values()) rows += segment.rows
    return rows
  }

  /** A row with this start is in the changelog at or above `offset`; `more` rows than before: -1, 0, 1. */
  note(start: number, offset: number, more: number): void {
    const number = Math.floor(start / this.#segmentMs)
    if (number !== this.#lastNumber) {
      this.#lastNumber = number
      this.#last = this.#segments.get(number)
    }
    if (this.#last === undefined) {
      this.#last = { firstOffset: offset, rows: 0 }
      this.#segments.set(number, this.#last)
    }
    this.#last.rows += more
  }

  /** Segments that end at or before `bound` are gone. Returns the start of the first that is left. */
  expire(bound: number): number {
    const first = Math.floor(bound / this.#segmentMs)
    for (const number of this.#segments.keys()) if (number < first) this.#segments.delete(number)
    if (this.#lastNumber < first) this.#lastNumber = Number.NaN
    return first * this.#segmentMs
  }

  /** Undefined: no live segment has rows. */
  lowest(): number | undefined {
    let lowest: number | undefined
    for (const { firstOffset } of this.#segments.values())
      if (lowest === undefined || firstOffset < lowest) lowest = firstOffset
    return lowest
  }

  entries(): readonly SegmentEntry[] {
    return [...this.#segments].map(([number, { firstOffset, rows }]) => [number, firstOffset, rows])
  }

  load(entries: readonly SegmentEntry[]): void {
    this.#segments.clear()
    for (const [number, firstOffset, rows] of entries)
      this.#segments.set(number, { firstOffset, rows })
    this.#lastNumber = Number.NaN
  }
}
