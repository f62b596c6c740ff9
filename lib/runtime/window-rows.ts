/**
 * Windows of a store as a query sees them: rows as they are, or put together from panes.
 *
 * Row n of a pane holds the records that came too late for the first n windows of the pane, so it
 * counts in the later ones only. A window of another length is no window of the table: it counts all.
 */
import { asBuffer, mapKey } from '../core/bytes.ts'
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { Row } from '../core/record.ts'
import type { InnerWindowStore, WindowedRow } from '../state/inner-stores.ts'
import type { KeyValueQuery } from '../state/queries.ts'
import type { PaneWindows, StoreSpec } from '../state/store-spec.ts'
import type { Range } from '../state/stores.ts'
import { KeyBytes } from './key-order.ts'

type Store = InnerWindowStore<unknown, unknown>
type Stores = () => Promise<readonly Store[]>
type PaneRow = WindowedRow<unknown, unknown>

export class WindowRows {
  readonly #spec: StoreSpec
  readonly #order: KeyBytes

  constructor(spec: StoreSpec) {
    this.#spec = spec
    this.#order = new KeyBytes(spec)
  }

  /** How long a window of the table is. */
  get lengthMs(): number {
    return this.#spec.panes?.sizeMs ?? this.#spec.sizeMs
  }

  /** Of one key, by start. Bounds are inclusive. */
  windowsOf(store: Store, key: unknown, from: number, to: number): AsyncIterable<PaneRow> {
    const { panes } = this.#spec
    if (panes === undefined) return this.#readable(store, store.fetch(key, from, to))
    return this.#put(store, panes, from, to, (until) => store.fetch(key, from, until))
  }

  /** Of all keys, by start, then key bytes. */
  windows(store: Store, from: number, to: number): AsyncIterable<PaneRow> {
    const { panes } = this.#spec
    if (panes === undefined) return this.#readable(store, store.fetchAll(from, to))
    return this.#put(store, panes, from, to, (until) => store.fetchAll(from, until))
  }

  /** The window of that length that ends with the newest pane. */
  lastOf(stores: Stores, last: Duration): KeyValueQuery<unknown, unknown> {
    const lengthMs = milliseconds(last, 'last')
    const { name, sizeMs, panes } = this.#spec
    if (lengthMs <= 0 || lengthMs % sizeMs !== 0 || (panes === undefined && lengthMs !== sizeMs))
      throw new ConfigError(
        'INVALID_OPTION',
        panes === undefined
          ? `the windows of store '${name}' cannot be merged: last can only be ${sizeMs} ms`
          : `last is ${lengthMs} ms: the panes of store '${name}' make up multiples of ${sizeMs} ms`,
      )
    const all = (): AsyncIterable<Row<unknown, unknown>> => this.#lastRows(stores, lengthMs)
    return {
      get: async (key) => {
        const wanted = this.#order.of(key)
        for await (const row of all()) if (this.#order.of(row.key).equals(wanted)) return row.value
        return undefined
      },
      range: (range = {}) => this.#within(all(), range),
      approximateSize: async () => {
        let size = 0
        for await (const _row of all()) size++
        return size
      },
    }
  }

  async *#lastRows(stores: Stores, lengthMs: number): AsyncIterable<Row<unknown, unknown>> {
    const { sizeMs } = this.#spec
    const all = await stores()
    const newest = Math.max(...all.map((store) => store.highestStart ?? -1))
    if (newest < 0) return
    const sums = new Sums(this.#spec)
    for (const store of all)
      for await (const row of store.fetchAll(Math.max(0, newest + sizeMs - lengthMs), newest))
        sums.add(row, this.#order.of(row.key))
    for (const { key, value } of sums.take(newest)) yield { key, value }
  }

  async *#within(
    rows: AsyncIterable<Row<unknown, unknown>>,
    { from, to, reverse = false, limit = Number.POSITIVE_INFINITY }: Range<unknown>,
  ): AsyncIterable<Row<unknown, unknown>> {
    const order = this.#order
    const inside: Row<unknown, unknown>[] = []
    for await (const row of rows)
      if (
        (from === undefined || order.compare(row.key, from) >= 0) &&
        (to === undefined || order.compare(row.key, to) <= 0)
      )
        inside.push(row)
    if (reverse) inside.reverse()
    yield* inside.slice(0, limit)
  }

  /** What is behind the retention is not shown, though it may not have gone yet. */
  async *#readable(store: Store, rows: AsyncIterable<PaneRow>): AsyncIterable<PaneRow> {
    const oldest = this.#oldest(store.highestStart)
    for await (const row of rows) if (row.start >= oldest) yield row
  }

  #oldest(newest: number | undefined): number {
    return (newest ?? 0) - this.#spec.retentionMs + 1
  }

  async *#put(
    store: Store,
    panes: PaneWindows,
    from: number,
    to: number,
    read: (until: number) => AsyncIterable<PaneRow>,
  ): AsyncIterable<PaneRow> {
    const { sizeMs, advanceMs } = panes
    const { highestStart } = store
    if (highestStart === undefined) return
    const newest = highestStart - (highestStart % advanceMs)
    const oldest = Math.max(0, from, this.#oldest(newest))
    const last = Math.min(to, newest)
    const unread = read(last + sizeMs - 1)[Symbol.asyncIterator]()
    let next = await unread.next()
    let kept: PaneRow[] = []
    for (let start = Math.ceil(oldest / advanceMs) * advanceMs; start <= last; start += advanceMs) {
      for (; next.done !== true && next.value.start < start + sizeMs; next = await unread.next())
        kept.push(next.value)
      kept = kept.filter((row) => row.start >= start)
      const sums = new Sums(this.#spec)
      for (const row of kept)
        if (row.n <= (start - firstStart(panes, row.start)) / advanceMs)
          sums.add(row, this.#order.of(row.key))
      yield* sums.take(start)
    }
    await unread.return?.()
  }
}

/** Start of the first window that a time lies in; none begins before 0. */
function firstStart({ sizeMs, advanceMs }: PaneWindows, time: number): number {
  const from = time - sizeMs + advanceMs
  return from <= 0 ? 0 : from - (from % advanceMs)
}

/** Rows of one window, merged by key. */
class Sums {
  readonly #spec: StoreSpec
  readonly #rows = new Map<string, { key: unknown; value: unknown; timestamp: number }>()

  constructor(spec: StoreSpec) {
    this.#spec = spec
  }

  add({ key, value, timestamp }: PaneRow, bytes: Buffer): void {
    const id = mapKey(bytes)
    const sum = this.#rows.get(id)
    // A merge may change its left side, and a pane is in more than one window.
    if (sum === undefined) this.#rows.set(id, { key, value: this.#copy(value), timestamp })
    else {
      const { panes } = this.#spec
      sum.value = panes === undefined ? value : panes.merge(sum.value, value, key)
      sum.timestamp = Math.max(sum.timestamp, timestamp)
    }
  }

  /** In the order of key bytes. */
  *take(start: number): Iterable<PaneRow> {
    const inOrder = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [, { key, value, timestamp }] of inOrder)
      yield { key, value, timestamp, start, n: 0 }
  }

  #copy(value: unknown): unknown {
    const serde = this.#spec.value
    if (typeof value !== 'object' || value === null || serde === undefined) return value
    const context = { topic: this.#spec.name, part: 'value', headers: EMPTY_HEADERS } as const
    return serde.deserialize(
      Buffer.from(asBuffer(serde.serialize(value as never, context))),
      context,
    )
  }
}
