/** Windows put together from panes, as the views of a pane aggregate see them. */
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { PaneRows } from './pane-rows.ts'
import { type BytesOf, PaneScan } from './pane-scan.ts'
import type { WindowShape } from './window-shape.ts'
import { Holds, type TellWindow, type WindowScan, type WindowTable } from './window-table.ts'

/** What the aggregate writes it says here, so that scans read it anew. */
export class PaneWindows implements WindowTable {
  readonly shape: WindowShape
  readonly deletes = false
  readonly #store: InnerWindowStore<unknown, unknown>
  readonly #panes: PaneRows
  readonly #bytesOf: BytesOf
  readonly #readableFrom: () => number
  readonly #holds = new Holds()
  readonly #scans: PaneScan[] = []
  #expired = 0

  constructor(
    store: InnerWindowStore<unknown, unknown>,
    panes: PaneRows,
    bytesOf: BytesOf,
    readableFrom: () => number,
  ) {
    this.#readableFrom = readableFrom
    this.#store = store
    this.#panes = panes
    this.#bytesOf = bytesOf
    this.shape = panes.shape
  }

  /** A row of the pane is about to change. */
  wrote(pane: number): void {
    for (const scan of this.#scans) scan.wrote(pane)
  }

  get readableFrom(): number {
    return this.#readableFrom()
  }

  windowsOf(key: unknown, from: number, to: number, tell: TellWindow): void {
    this.#panes.windowsOf(key, from, to, tell)
  }

  scan(): WindowScan {
    const scan = new PaneScan(this.#store, this.#panes, this.#bytesOf)
    this.#scans.push(scan)
    return scan
  }

  hold(owner: string, start: number): void {
    this.#holds.hold(owner, start)
  }

  release(owner: string): void {
    this.#holds.release(owner)
  }

  /** As of windows kept apart: a window that may be read begins at its first pane. */
  expireBefore(start: number): void {
    const bound = this.#holds.bound(start)
    if (bound <= this.#expired) return
    this.#expired = bound
    this.#panes.forgetBefore(bound)
    this.#store.expireBefore(bound)
  }
}
