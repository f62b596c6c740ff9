/**
 * Rows of a table that a predicate accepts. What it does not accept is told as deleted, even where
 * no row was before: without `before` in the demand nobody knows (Kafka Streams does the same).
 */

import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { Change, OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { outletsOf } from './outlets.ts'

/** What a filtered table is made of. */
export interface TableFilterOptions {
  readonly predicate: (value: never, key: never) => boolean
  /** Keep what the predicate refuses. */
  readonly not?: boolean
  /** Of its own, where the result is kept; left out: nothing is kept. */
  readonly store?: string | undefined
  readonly demand: Demand
}

/** A row that goes on being refused is told as deleted each time, unless somebody asks for `before`. */
export function tableFilter(options: TableFilterOptions): OperatorSupplier {
  const { predicate, not = false, demand } = options
  const kept = (value: unknown, key: unknown): unknown =>
    value !== undefined && predicate(value as never, key as never) !== not ? value : undefined
  return (context) => {
    const store =
      options.store === undefined
        ? undefined
        : context.store<InnerKeyValueStore<unknown, unknown>>(options.store)
    const tell = outletsOf(context, demand)
    const beforeOf = (key: unknown, change: Change<unknown>): unknown =>
      store === undefined ? kept(change.before, key) : store.get(key)?.value
    return {
      process(key, value, timestamp, headers) {
        const change = value as Change<unknown>
        const now = kept(change.now, key)
        const before = demand.before ? beforeOf(key, change) : undefined
        // Nothing was told of this row and nothing is: the reader has nothing to take back.
        if (demand.before && now === undefined && before === undefined) return
        if (store !== undefined) keep(store, key, now, timestamp)
        tell(key, { now, before }, timestamp, headers)
      },
    }
  }
}

/** Writes the row, or deletes it. */
export function keep(
  store: InnerKeyValueStore<unknown, unknown>,
  key: unknown,
  now: unknown,
  timestamp: number,
): void {
  if (now === undefined || now === null) store.delete(key, timestamp)
  else store.put(key, now, timestamp)
}
