/**
 * A windowed table as its emission views see it: windows by key or in order, whether they are rows of
 * their own or put together from panes; and what may expire.
 *
 * One per task and store, made by the aggregate and found by the views, which share nothing else with
 * it. All of it is derived: an abort makes aggregate and views anew.
 */
import type { Demand } from './demand.ts'
import type { WindowShape } from './window-shape.ts'

/** A window of one key, as it stands. */
export interface WindowRow {
  readonly key: unknown
  readonly start: number
  readonly value: unknown
  readonly timestamp: number
}

export type TellWindow = (start: number, value: unknown, timestamp: number) => void

/** Windows in order of start, then of key bytes; reading on from where the last scan ended is cheap. */
export interface WindowScan {
  /** Windows that start within the bounds, both included. */
  rows(from: number, to: number): AsyncIterable<WindowRow>
}

export interface WindowTable {
  readonly shape: WindowShape
  /** Start of the first window that is whole and within the retention. */
  readonly readableFrom: number
  /** A fold has deleted windows: one that is not there may be news. */
  readonly deletes: boolean
  /** The windows of one key that start within the bounds, both included, in order. */
  windowsOf(key: unknown, from: number, to: number, tell: TellWindow): void
  scan(): WindowScan
  /** What `owner` has still to tell begins with the window at `start`: nothing from there on expires. */
  hold(owner: string, start: number): void
  release(owner: string): void
}

const TABLES = new WeakMap<object, WindowTable>()

/** The aggregate's part: `store` is the task's own. */
export function shareWindowTable(store: object, table: WindowTable): void {
  TABLES.set(store, table)
}

/** Nothing expires before each view has had a commit to say what it still owes. */
export function holdAll(table: WindowTable, demand: Demand): void {
  for (const view of demand.views) table.hold(view, 0)
}

/** The views' part; not before all operators of the task are made. */
export function windowTableOf(store: object): WindowTable {
  const table = TABLES.get(store)
  if (table === undefined)
    throw new TypeError('a view of a windowed table was made without its aggregate')
  return table
}

/** Who still owes what, and so from where on windows may expire. */
export class Holds {
  readonly #starts = new Map<string, number>()

  hold(owner: string, start: number): void {
    this.#starts.set(owner, start)
  }

  release(owner: string): void {
    this.#starts.delete(owner)
  }

  /** The start below which windows may go, at most `wanted`. */
  bound(wanted: number): number {
    let bound = wanted
    for (const start of this.#starts.values()) if (start < bound) bound = start
    return bound
  }
}
