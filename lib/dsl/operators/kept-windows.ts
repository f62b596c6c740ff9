/** Windows that are rows of their own: tumbling ones, and those whose aggregates have no merge. */
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { WindowShape } from './window-shape.ts'
import { Holds, type TellWindow, type WindowScan, type WindowTable } from './window-table.ts'

/** Reads straight from the store: what a view is told is the row. */
export class KeptWindows implements WindowTable {
  readonly shape: WindowShape
  readonly #store: InnerWindowStore<unknown, unknown>
  readonly #readableFrom: () => number
  readonly #holds = new Holds()
  #expired = 0
  /** Set by the aggregate, whose fold alone knows. */
  deletes = false

  constructor(
    store: InnerWindowStore<unknown, unknown>,
    shape: WindowShape,
    readableFrom: () => number,
  ) {
    this.#readableFrom = readableFrom
    this.#store = store
    this.shape = shape
  }

  get readableFrom(): number {
    return this.#readableFrom()
  }

  windowsOf(key: unknown, from: number, to: number, tell: TellWindow): void {
    for (let start = from; start <= to; start += this.shape.advanceMs) {
      const row = this.#store.get(key, start)
      if (row !== undefined) tell(start, row.value, row.timestamp)
    }
  }

  scan(): WindowScan {
    return { rows: (from, to) => this.#store.fetchAll(from, to) }
  }

  hold(owner: string, start: number): void {
    this.#holds.hold(owner, start)
  }

  release(owner: string): void {
    this.#holds.release(owner)
  }

  /** Windows that start before the bound are not read any more, unless a view still owes them. */
  expireBefore(start: number): void {
    const bound = this.#holds.bound(start)
    if (bound <= this.#expired) return
    this.#expired = bound
    this.#store.expireBefore(bound)
  }
}
