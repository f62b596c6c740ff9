/**
 * Up to where the changelog of a windowed store can be cut: for each live segment of time, an offset
 * that its first row is at or above. What lies below the lowest of them has expired everywhere.
 */

export class Segments {
  readonly #segmentMs: number
  #firsts = new Map<number, number>()
  /** The row before was most often of the same segment. */
  #last = Number.NaN

  constructor(segmentMs: number) {
    this.#segmentMs = segmentMs
  }

  /** A row with this start is in the changelog, at or above `offset`. */
  note(start: number, offset: number): void {
    const segment = Math.floor(start / this.#segmentMs)
    if (segment === this.#last) return
    this.#last = segment
    if (!this.#firsts.has(segment)) this.#firsts.set(segment, offset)
  }

  /** Segments that end at or before `bound` are gone. Returns the start of the first that is left. */
  expire(bound: number): number {
    const first = Math.floor(bound / this.#segmentMs)
    for (const segment of this.#firsts.keys()) if (segment < first) this.#firsts.delete(segment)
    if (this.#last < first) this.#last = Number.NaN
    return first * this.#segmentMs
  }

  /** Undefined: no live segment has rows. */
  lowest(): number | undefined {
    let lowest: number | undefined
    for (const offset of this.#firsts.values())
      if (lowest === undefined || offset < lowest) lowest = offset
    return lowest
  }

  entries(): readonly (readonly [segment: number, offset: number])[] {
    return [...this.#firsts]
  }

  load(entries: readonly (readonly [segment: number, offset: number])[]): void {
    this.#firsts = new Map(entries)
    this.#last = Number.NaN
  }
}
