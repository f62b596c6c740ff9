/** Which windows of which keys changed since they were last told. Derived: what is owed beyond a commit is rows of a store (emit-every-windows.ts). */

interface DirtyKey {
  readonly key: unknown
  /** The stretch of windows that changed first: starts of its first and its last one. */
  readonly to: number
  from: number
  /** The others, by the start of their last window; most keys have none. */
  more: Map<number, number> | undefined
  timestamp: number
}

/** Windows of a key from the one that starts at `from` to the one at `to`. */
export type TellStretch = (key: unknown, from: number, to: number, timestamp: number) => void

/** Of one view. */
export class DirtyWindows {
  readonly #keys = new Map<unknown, DirtyKey>()
  /** Start of the first window among them. */
  first: number = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#keys.size
  }

  /** `identity`: equal for equal keys. */
  add(identity: unknown, key: unknown, from: number, to: number, timestamp: number): void {
    if (from < this.first) this.first = from
    const dirty = this.#keys.get(identity)
    if (dirty === undefined) {
      this.#keys.set(identity, { key, from, to, more: undefined, timestamp })
      return
    }
    dirty.timestamp = timestamp
    if (to === dirty.to) {
      if (from < dirty.from) dirty.from = from
      return
    }
    dirty.more ??= new Map()
    const known = dirty.more.get(to)
    if (known === undefined || from < known) dirty.more.set(to, from)
  }

  /** Empties it: keys in the order in which they were added, each window once, in order of start. */
  take(advanceMs: number, tell: TellStretch): void {
    const keys = [...this.#keys.values()]
    this.#keys.clear()
    this.first = Number.POSITIVE_INFINITY
    for (const dirty of keys)
      if (dirty.more === undefined) tell(dirty.key, dirty.from, dirty.to, dirty.timestamp)
      else tellAll(dirty, dirty.more, advanceMs, tell)
  }
}

function tellAll(
  { key, from: first, to: last, timestamp }: DirtyKey,
  more: ReadonlyMap<number, number>,
  advanceMs: number,
  tell: TellStretch,
): void {
  let next = 0
  // By their first windows: what an earlier one leaves out before its end, no later one has.
  for (const [to, from] of [[last, first] as const, ...more].sort((a, b) => a[1] - b[1])) {
    if (to < next) continue
    tell(key, Math.max(from, next), to, timestamp)
    next = to + advanceMs
  }
}
