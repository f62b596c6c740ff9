/**
 * Stores seen from outside: the views of queries.ts over the inner stores of whatever tasks are here.
 * Read only; each call looks the tasks up anew, for they come and go.
 */
import type { Row } from '../core/record.ts'
import type { Windowed } from '../core/windows.ts'
import type { InnerKeyValueStore, InnerWindowStore, KeyedRow } from '../state/inner-stores.ts'
import type { KeyValueQuery, TimeRange, WindowQuery } from '../state/queries.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Range } from '../state/stores.ts'
import { KeyBytes, mergeRows } from './key-order.ts'
import { WindowRows } from './window-rows.ts'

/** The inner stores of one name, one for each task that is here. */
export type StoresOf = () => Promise<readonly unknown[]>

type KeyValue = InnerKeyValueStore<unknown, unknown>
type Window = InnerWindowStore<unknown, unknown>

/** The view that a handle of this store promises; the type is the handle's claim. */
export function storeQuery(spec: StoreSpec, stores: StoresOf): unknown {
  return spec.kind === 'key-value'
    ? keyValueQuery(spec, stores as () => Promise<readonly KeyValue[]>)
    : windowQuery(spec, stores as () => Promise<readonly Window[]>)
}

function keyValueQuery(
  spec: StoreSpec,
  stores: () => Promise<readonly KeyValue[]>,
): KeyValueQuery<unknown, unknown> {
  const order = new KeyBytes(spec)
  return {
    async get(key) {
      for (const store of await stores()) {
        const row = store.get(key)
        if (row !== undefined) return row.value
      }
      return undefined
    },
    range: (range = {}) => keyed(allRows(stores, range, order)),
    async approximateSize() {
      let size = 0
      for (const store of await stores()) size += await store.approximateSize()
      return size
    },
  }
}

async function* allRows(
  stores: () => Promise<readonly KeyValue[]>,
  range: Range<unknown>,
  order: KeyBytes,
): AsyncIterable<KeyedRow<unknown, unknown>> {
  const all = (await stores()).map((store) => store.range(range))
  const [only] = all
  if (all.length === 1 && only !== undefined) yield* only
  else yield* mergeRows(all, order, range)
}

async function* keyed(
  rows: AsyncIterable<KeyedRow<unknown, unknown>>,
): AsyncIterable<Row<unknown, unknown>> {
  for await (const { key, value } of rows) yield { key, value }
}

function windowQuery(
  spec: StoreSpec,
  stores: () => Promise<readonly Window[]>,
): WindowQuery<unknown, unknown, 'time'> {
  const rows = new WindowRows(spec)
  return {
    async get(key, start) {
      for (const store of await stores())
        for await (const row of rows.windowsOf(store, key, start, start)) return row.value
      return undefined
    },
    fetch: (key, range) =>
      windowed(rows, stores, range, (store, from, to) => rows.windowsOf(store, key, from, to)),
    fetchAll: (range) =>
      windowed(rows, stores, range, (store, from, to) => rows.windows(store, from, to)),
    window: ({ last }) => rows.lastOf(stores, last),
  }
}

type Scan = (
  store: Window,
  from: number,
  to: number,
) => AsyncIterable<KeyedRow<unknown, unknown> & { readonly start: number }>

/** Of several tasks one after the other: their keys are different ones. */
async function* windowed(
  { lengthMs }: WindowRows,
  stores: () => Promise<readonly Window[]>,
  { from = 0, to = Number.MAX_SAFE_INTEGER }: TimeRange = {},
  scan: Scan,
): AsyncIterable<Row<Windowed<unknown>, unknown>> {
  for (const store of await stores())
    for await (const { key, value, start } of scan(store, from, to))
      yield { key: { kind: 'time', key, start, end: start + lengthMs }, value }
}
