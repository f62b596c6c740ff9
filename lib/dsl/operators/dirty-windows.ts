/** Which windows of which keys changed since they were last told. Derived: what is owed beyond a commit is rows of a store (emit-every-windows.ts). */

interface DirtyKey {
  readonly key: unknown
  /** Stretches of windows by the start of their last one: the start of their first. */
  readonly stretches: Map<number, number>
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
      this.#keys.set(identity, { key, stretches: new Map([[to, from]]), timestamp })
      return
    }
    dirty.timestamp = timestamp
    const known = dirty.stretches.get(to)
    if (known === undefined || from < known) dirty.stretches.set(to, from)
  }

  /** Empties it: keys in the order in which they were added, each window once, in order of start. */
  take(advanceMs: number, tell: TellStretch): void {
    const keys = [...this.#keys.values()]
    this.#keys.clear()
    this.first = Number.POSITIVE_INFINITY
    for (const { key, stretches, timestamp } of keys) {
      let next = 0
      // By their first windows: what an earlier one leaves out before its end, no later one has.
      for (const [to, from] of [...stretches].sort((a, b) => a[1] - b[1])) {
        if (to < next) continue
        tell(key, Math.max(from, next), to, timestamp)
        next = to + advanceMs
      }
    }
  }
}
