/**
 * Windows made of panes, in order of start, then key bytes: panes are read once and kept as long as a
 * window that is yet to come needs them, also from one scan to the next.
 *
 * What is kept is derived: the table says which panes were written since. A record that failed takes
 * the mark of its scan back with it, so the next scan begins before what is kept, and reads anew.
 */
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { PaneRows } from './pane-rows.ts'
import { firstStart } from './window-shape.ts'
import type { WindowRow, WindowScan } from './window-table.ts'

/** Above this many rows nothing is kept between scans: memory would not be bounded. */
const MAX_KEPT_ROWS = 1_000_000

interface PaneRow {
  readonly key: unknown
  /** One char a byte: sorts as the bytes do. */
  readonly bytes: string
  readonly n: number
  readonly value: unknown
  readonly timestamp: number
}

interface Window {
  readonly key: unknown
  readonly bytes: string
  value: unknown
  timestamp: number
}

/** The bytes of a key, one char a byte. */
export type BytesOf = (key: unknown) => string

export class PaneScan implements WindowScan {
  readonly #store: InnerWindowStore<unknown, unknown>
  readonly #panes: PaneRows
  readonly #bytesOf: BytesOf
  /** Panes in order; a pane within the bounds that is not there is empty. */
  readonly #kept = new Map<number, PaneRow[]>()
  #keptFrom = 0
  #keptUntil = 0
  #keptRows = 0
  /** Written since they were read. */
  readonly #stale = new Set<number>()

  constructor(store: InnerWindowStore<unknown, unknown>, panes: PaneRows, bytesOf: BytesOf) {
    this.#store = store
    this.#panes = panes
    this.#bytesOf = bytesOf
  }

  wrote(pane: number): void {
    if (pane >= this.#keptFrom && pane < this.#keptUntil) this.#stale.add(pane)
  }

  forget(): void {
    this.#kept.clear()
    this.#stale.clear()
    this.#keptRows = 0
    this.#keptFrom = 0
    this.#keptUntil = 0
  }

  async *rows(from: number, to: number): AsyncIterable<WindowRow> {
    const { sizeMs, advanceMs } = this.#panes.shape
    await this.#refresh(from)
    const keptUntil = Math.max(from, this.#keptUntil)
    // A scan that does not get to its end leaves nothing that the next one could go on from.
    this.#keptFrom = Number.POSITIVE_INFINITY
    const unread = this.#store.fetchAll(keptUntil, to + sizeMs - 1)[Symbol.asyncIterator]()
    let next = await unread.next()
    for (let start = from; start <= to; start += advanceMs) {
      while (next.done !== true && next.value.start < start + sizeMs) {
        this.#keep(next.value)
        next = await unread.next()
      }
      this.#drop(start)
      if (this.#kept.size > 0) yield* this.#windows(start)
      else if (next.done === true) break
      else start = Math.max(start, firstStart(this.#panes.shape, next.value.start) - advanceMs)
    }
    await unread.return?.()
    this.#keptFrom = to + advanceMs
    this.#keptUntil = to + sizeMs
    this.#drop(this.#keptFrom)
    if (this.#keptRows > MAX_KEPT_ROWS) this.forget()
  }

  /** Makes what is kept true again, from the pane at `from` on. */
  async #refresh(from: number): Promise<void> {
    if (from < this.#keptFrom || from > this.#keptUntil) return this.forget()
    this.#drop(from)
    const stale = [...this.#stale].sort((a, b) => a - b)
    this.#stale.clear()
    if (stale.length === 0) return
    for (const pane of stale) {
      this.#keptRows -= this.#kept.get(pane)?.length ?? 0
      this.#kept.delete(pane)
      for await (const row of this.#store.fetchAll(pane, pane)) this.#keep(row)
    }
    const inOrder = [...this.#kept].sort((a, b) => a[0] - b[0])
    this.#kept.clear()
    for (const [pane, rows] of inOrder) this.#kept.set(pane, rows)
  }

  #keep(row: WindowRow & { readonly n: number }): void {
    const { key, n, value, timestamp, start } = row
    const paneRow = { key, bytes: this.#bytesOf(key), n, value, timestamp }
    const rows = this.#kept.get(start)
    if (rows === undefined) this.#kept.set(start, [paneRow])
    else rows.push(paneRow)
    this.#keptRows++
  }

  #drop(before: number): void {
    for (const [pane, rows] of this.#kept) {
      if (pane >= before) break
      this.#kept.delete(pane)
      this.#keptRows -= rows.length
    }
    for (const pane of this.#stale) if (pane < before) this.#stale.delete(pane)
  }

  /** All keys of one window. */
  *#windows(start: number): Iterable<WindowRow> {
    const { shape } = this.#panes
    const windows = new Map<string, Window>()
    for (const [pane, rows] of this.#kept) {
      if (pane >= start + shape.sizeMs) break
      const index = (start - firstStart(shape, pane)) / shape.advanceMs
      for (const row of rows) if (row.n <= index) this.#add(windows, row)
    }
    const inOrder = [...windows.values()].sort((a, b) => (a.bytes < b.bytes ? -1 : 1))
    for (const { key, value, timestamp } of inOrder) yield { key, start, value, timestamp }
  }

  #add(windows: Map<string, Window>, { key, bytes, value, timestamp }: PaneRow): void {
    const { copy, merge } = this.#panes
    const window = windows.get(bytes)
    if (window === undefined) {
      windows.set(bytes, { key, bytes, value: copy(value), timestamp })
      return
    }
    window.value = merge(window.value, copy(value), key)
    if (timestamp > window.timestamp) window.timestamp = timestamp
  }
}
