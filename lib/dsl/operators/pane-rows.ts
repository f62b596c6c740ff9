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
    const windows: Sum[] = []
    const core = this.#range(key, to, from + sizeMs)
    const left: Sum[] = []
    let reach = NOTHING
    for (let start = to; start >= from; start -= advanceMs) {
      if (start < to) reach = this.#join(key, this.#range(key, start, start + advanceMs), reach)
      left.push(reach)
    }
    let right = NOTHING
    for (let start = from; start <= to; start += advanceMs) {
      if (start > from)
        right = this.#join(key, right, this.#range(key, start - advanceMs + sizeMs, start + sizeMs))
      const head = this.#join(key, left[(to - start) / advanceMs] ?? NOTHING, core)
      windows.push(this.#join(key, head, right))
    }
    this.#addLate(key, from, to, windows)
    for (const [index, window] of windows.entries())
      if (window.value !== undefined) tell(from + index * advanceMs, window.value, window.timestamp)
  }

  /** Row 0 of the panes of a stretch, merged. */
  #range(key: unknown, from: number, until: number): Sum {
    const sum: Sum = { value: undefined, timestamp: -1 }
    for (let pane = from; pane < until; pane += this.paneMs) {
      const row = this.#store.get(key, pane)
      if (row !== undefined) this.#add(key, sum, row.value, row.timestamp)
    }
    return sum
  }

  /** A new sum; both sides stay what they are. */
  #join(key: unknown, left: Sum, right: Sum): Sum {
    if (left.value === undefined)
      return { value: this.copy(right.value), timestamp: right.timestamp }
    const sum: Sum = { value: this.copy(left.value), timestamp: left.timestamp }
    if (right.value !== undefined) this.#add(key, sum, this.copy(right.value), right.timestamp)
    return sum
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
const NOTHING: Sum = { value: undefined, timestamp: -1 }
