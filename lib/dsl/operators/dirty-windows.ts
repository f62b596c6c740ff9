/** Which windows of which keys changed since they were last told. Derived: what is owed beyond a commit is rows of a store (emit-every-windows.ts). */

/** Fewer keys are not worth forgetting. */
const FEW_KEYS = 1024
/** As many keys as change in a round are kept, so many times. */
const MOST_TIMES = 4

/** Windows of a key from the one that starts at `from` to the one at `to`. */
export type TellStretch = (key: unknown, from: number, to: number, timestamp: number) => void

/**
 * Of one view. A key that changed has a place, which it keeps from one commit to the next as long as a
 * good part of all keys changes in each: nothing is made for a key that changes every time.
 */
export class DirtyWindows {
  readonly #places = new Map<unknown, number>()
  readonly #advanceMs: number
  /** By place. The stretch of windows that changed first: starts of its first and its last one. */
  #keys: unknown[] = []
  #from: number[] = []
  #to: number[] = []
  #timestamps: number[] = []
  /** Those that do not touch it, by the start of their last window; most keys have none. */
  #more: (Map<number, number> | undefined)[] = []
  /** In which round it changed last. */
  #changed: number[] = []
  /** Places of those that changed in this round, in order. */
  readonly #order: number[] = []
  #round = 0
  /** Start of the first window among them. */
  first: number = Number.POSITIVE_INFINITY

  /** `advanceMs`: from the start of a window to that of the next. */
  constructor(advanceMs: number) {
    this.#advanceMs = advanceMs
  }

  get size(): number {
    return this.#order.length
  }

  /** `identity`: equal for equal keys. */
  add(identity: unknown, key: unknown, from: number, to: number, timestamp: number): void {
    if (from < this.first) this.first = from
    const place = this.#placeOf(identity)
    this.#timestamps[place] = timestamp
    if (this.#changed[place] !== this.#round) {
      this.#changed[place] = this.#round
      this.#keys[place] = key
      this.#from[place] = from
      this.#to[place] = to
      this.#more[place] = undefined
      this.#order.push(place)
    } else if (!this.#extends(place, from, to)) this.#addMore(place, from, to)
  }

  /**
   * Empties it: keys in the order in which they were added, each window once, in order of start.
   * Nothing may be added while they are told.
   */
  take(tell: TellStretch): void {
    this.first = Number.POSITIVE_INFINITY
    for (const place of this.#order) {
      const key = this.#keys[place]
      const from = this.#from[place] as number
      const to = this.#to[place] as number
      const timestamp = this.#timestamps[place] as number
      const more = this.#more[place]
      if (more === undefined) tell(key, from, to, timestamp)
      else
        for (const stretch of stretches(from, to, more, this.#advanceMs))
          tell(key, stretch.from, stretch.to, timestamp)
    }
    const known = this.#places.size
    if (known > FEW_KEYS && known > MOST_TIMES * this.#order.length) this.#forget()
    this.#order.length = 0
    this.#round++
  }

  #placeOf(identity: unknown): number {
    const known = this.#places.get(identity)
    if (known !== undefined) return known
    const place = this.#places.size
    this.#places.set(identity, place)
    this.#changed[place] = -1
    return place
  }

  /** Whether the windows could be taken into the stretch that changed first: they touch it. */
  #extends(place: number, from: number, to: number): boolean {
    const first = this.#from[place] as number
    const last = this.#to[place] as number
    if (from > last + this.#advanceMs || to < first - this.#advanceMs) return false
    if (from < first) this.#from[place] = from
    if (to > last) this.#to[place] = to
    return true
  }

  #addMore(place: number, from: number, to: number): void {
    let more = this.#more[place]
    if (more === undefined) {
      more = new Map()
      this.#more[place] = more
    }
    const known = more.get(to)
    if (known === undefined || from < known) more.set(to, from)
  }

  #forget(): void {
    this.#places.clear()
    this.#keys = []
    this.#from = []
    this.#to = []
    this.#timestamps = []
    this.#more = []
    this.#changed = []
  }
}

interface Stretch {
  readonly from: number
  readonly to: number
}

/** By their first windows: what an earlier one leaves out before its end, no later one has. */
function* stretches(
  first: number,
  last: number,
  more: ReadonlyMap<number, number>,
  advanceMs: number,
): Iterable<Stretch> {
  let next = 0
  for (const [to, from] of [[last, first] as const, ...more].sort((a, b) => a[1] - b[1])) {
    if (to < next) continue
    yield { from: Math.max(from, next), to }
    next = to + advanceMs
  }
}
