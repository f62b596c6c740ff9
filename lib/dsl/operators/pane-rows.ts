/**
 * Reads the windows of one key from panes.
 *
 * A pane is as long as the greatest common divisor of size and advance, so all its times lie in the
 * same windows. Its row 0 counts in all of them; row n holds the records that came after the first n
 * of those windows had closed, and counts in the later ones only (schedules A11).
 */

import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import { type Copy, copier } from './copier.ts'
import type { Merge } from './folds.ts'
import { firstOpenStart, firstStart, lastStart, paneMs, type WindowShape } from './window-shape.ts'
import type { TellWindow } from './window-table.ts'

/** A window on its way to being whole: nothing in it as long as `value` is undefined. */
interface Sum {
  value: unknown
  timestamp: number
}

/** What panes are put together with. */
export interface PaneOptions {
  readonly shape: WindowShape
  readonly merge: Merge
  /** Of the aggregate: copies what a merge might change in place. */
  readonly value: ErasedSerde
}

/** One per task; which late rows there may be is derived, from what was written and from the time at open. */
export class PaneRows {
  readonly shape: WindowShape
  readonly paneMs: number
  readonly copy: Copy
  readonly merge: Merge
  readonly #store: InnerWindowStore<unknown, unknown>
  /** By pane, which rows n > 0 this operator has written, of whatever key. */
  readonly #late = new Map<number, Set<number>>()
  /** Rows n > 0 of an earlier life are in windows before this one: the first then open. */
  readonly #earlierOpen: number
  /** Used again by {@link windowsOf}; undefined while it runs. */
  #sums: Sum[] | undefined = []

  constructor(
    store: InnerWindowStore<unknown, unknown>,
    options: PaneOptions,
    operatorTime: number | undefined,
  ) {
    this.#store = store
    this.shape = options.shape
    this.paneMs = paneMs(options.shape)
    this.merge = options.merge
    this.copy = copier(options.value)
    this.#earlierOpen = firstOpenStart(options.shape, operatorTime ?? -1)
  }

  /** A row n > 0 of the pane is about to be written. */
  wroteLate(pane: number, n: number): void {
    const rows = this.#late.get(pane)
    if (rows === undefined) this.#late.set(pane, new Set([n]))
    else rows.add(n)
  }

  forgetBefore(start: number): void {
    for (const pane of this.#late.keys()) if (pane < start) this.#late.delete(pane)
  }

  /** Whether the pane may have rows besides row 0. */
  mayHaveLate(pane: number): boolean {
    return this.#late.has(pane) || this.#earlierRows(pane) > 0
  }

  /**
   * Tells the windows of a key that start from `from` to `to`, in order. What they have in common is
   * merged once, what is left and right of it piece by piece: twice as many reads as windows, not
   * their square. Windows that lie further apart than their size are told one by one.
   */
  windowsOf(key: unknown, from: number, to: number, tell: TellWindow): void {
    const { sizeMs, advanceMs } = this.shape
    if (to - from >= sizeMs) {
      for (let start = from; start <= to; start += advanceMs)
        this.windowsOf(key, start, start, tell)
      return
    }
    const windows = this.#takeSums()
    const count = (to - from) / advanceMs + 1
    const core = this.#range(key, to, from + sizeMs, sumAt(windows, count))
    // From the last window on, what it lacks of the core on its left; then whole from the first one on.
    const reach = sumAt(windows, count + 1)
    clear(reach)
    for (let at = count - 1; at >= 0; at--) {
      const start = from + at * advanceMs
      if (at < count - 1) {
        const piece = this.#range(key, start, start + advanceMs, sumAt(windows, count + 2))
        this.#join(key, piece, reach, reach)
      }
      this.#join(key, reach, core, sumAt(windows, at))
    }
    clear(reach)
    for (let at = 1; at < count; at++) {
      const start = from + (at - 1) * advanceMs + sizeMs
      const piece = this.#range(key, start, start + advanceMs, sumAt(windows, count + 2))
      this.#join(key, reach, piece, reach)
      const window = sumAt(windows, at)
      this.#join(key, window, reach, window)
    }
    this.#addLate(key, from, to, windows)
    for (let at = 0; at < count; at++) {
      const { value, timestamp } = sumAt(windows, at)
      if (value !== undefined) tell(from + at * advanceMs, value, timestamp)
    }
    this.#sums = windows
  }

  /** Those of the last call; whoever asks from within a call gets others. */
  #takeSums(): Sum[] {
    const sums = this.#sums ?? []
    this.#sums = undefined
    return sums
  }

  /** Row 0 of the panes of a stretch, merged into `sum`. */
  #range(key: unknown, from: number, until: number, sum: Sum): Sum {
    clear(sum)
    for (let pane = from; pane < until; pane += this.paneMs) {
      const row = this.#store.get(key, pane)
      if (row !== undefined) this.#add(key, sum, row.value, row.timestamp)
    }
    return sum
  }

  /** Into `sum`, which may be one of the sides; values of the others stay what they are. */
  #join(key: unknown, left: Sum, right: Sum, sum: Sum): void {
    const { value, timestamp } = right
    if (left.value === undefined) {
      sum.value = sum === right ? value : this.copy(value)
      sum.timestamp = timestamp
      return
    }
    const other = value === undefined ? undefined : this.copy(value)
    sum.value = sum === left ? left.value : this.copy(left.value)
    sum.timestamp = left.timestamp
    if (other !== undefined) this.#add(key, sum, other, timestamp)
  }

  #add(key: unknown, sum: Sum, value: unknown, timestamp: number): void {
    sum.value = sum.value === undefined ? value : this.merge(sum.value, value, key)
    if (timestamp > sum.timestamp) sum.timestamp = timestamp
  }

  #addLate(key: unknown, from: number, to: number, windows: readonly Sum[]): void {
    if (this.#late.size === 0 && this.#earlierOpen <= firstStart(this.shape, from)) return
    for (let pane = from; pane < to + this.shape.sizeMs; pane += this.paneMs)
      for (const n of this.#lateRows(pane)) {
        const row = this.#store.get(key, pane, n)
        if (row === undefined) continue
        const since = Math.max(from, firstStart(this.shape, pane) + n * this.shape.advanceMs)
        const until = Math.min(to, lastStart(this.shape, pane))
        for (let start = since; start <= until; start += this.shape.advanceMs) {
          const window = windows[(start - from) / this.shape.advanceMs]
          if (window !== undefined) this.#add(key, window, this.copy(row.value), row.timestamp)
        }
      }
  }

  /** The rows n > 0 that the pane may have. */
  *#lateRows(pane: number): Iterable<number> {
    const earlier = this.#earlierRows(pane)
    for (let n = 1; n <= earlier; n++) yield n
    for (const n of this.#late.get(pane) ?? NONE) if (n > earlier) yield n
  }

  /** The highest n of a row that an earlier life of this operator may have written. */
  #earlierRows(pane: number): number {
    const first = firstStart(this.shape, pane)
    const closed = (this.#earlierOpen - first) / this.shape.advanceMs
    if (closed <= 0) return 0
    return Math.min(closed, (lastStart(this.shape, pane) - first) / this.shape.advanceMs)
  }
}

const NONE: ReadonlySet<number> = new Set()

/** Of a list that is used again; those behind its end are made. */
function sumAt(sums: Sum[], at: number): Sum {
  let sum = sums[at]
  if (sum === undefined) {
    sum = { value: undefined, timestamp: -1 }
    sums[at] = sum
  }
  return sum
}

function clear(sum: Sum): void {
  sum.value = undefined
  sum.timestamp = -1
}
