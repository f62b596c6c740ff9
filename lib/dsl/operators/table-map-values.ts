/** A table with other values: each row mapped, a deleted row deleted. */

import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { Change, OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { outletsOf } from './outlets.ts'
import { keep } from './table-filter.ts'

export interface TableMapValuesOptions {
  readonly mapper: (value: never, key: never) => unknown
  /** Of its own, where the result is kept; left out: nothing is kept. */
  readonly store?: string | undefined
  readonly demand: Demand
}

/** The mapper never sees a deleted row. */
export function tableMapValues(options: TableMapValuesOptions): OperatorSupplier {
  const { mapper, demand } = options
  const mapped = (value: unknown, key: unknown): unknown =>
    value === undefined ? undefined : (mapper(value as never, key as never) ?? undefined)
  return (context) => {
    const store =
      options.store === undefined
        ? undefined
        : context.store<InnerKeyValueStore<unknown, unknown>>(options.store)
    const tell = outletsOf(context, demand)
    return {
      process(key, value, timestamp, headers) {
        const change = value as Change<unknown>
        const now = mapped(change.now, key)
        let before: unknown
        if (demand.before)
          before = store === undefined ? mapped(change.before, key) : store.get(key)?.value
        if (store !== undefined) keep(store, key, now, timestamp)
        tell(key, { now, before }, timestamp, headers)
      },
    }
  }
}
