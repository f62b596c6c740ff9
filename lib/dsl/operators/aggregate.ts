/**
 * One aggregate per key: count, reduce and aggregate of a grouped stream. Records out of order are
 * folded as they come; a row's timestamp is the highest of its records.
 */

import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import type { Fold } from './folds.ts'
import { outletsOf } from './outlets.ts'
import { dropsNull, laterOf } from './record-guard.ts'
import { keep } from './table-filter.ts'

export interface AggregateOptions {
  readonly store: string
  readonly fold: Fold
  readonly demand: Demand
}

/** Null keys and null values are dropped and counted; a fold that gives null deletes the row. */
export function aggregate({ store: name, fold, demand }: AggregateOptions): OperatorSupplier {
  return (context) => {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(name)
    const tell = outletsOf(context, demand)
    const told = demand.updates || demand.views.length > 0
    return {
      process(key, value, timestamp, headers) {
        if (dropsNull(context, key, value)) return
        const row = store.get(key)
        // Read apart, for a fold may change the aggregate in place.
        const before = demand.before ? store.get(key)?.value : undefined
        const now = fold(row?.value, value, key) ?? undefined
        const at = laterOf(row, timestamp)
        if (now !== undefined || row !== undefined) keep(store, key, now, at)
        if (told) tell(key, { now, before }, at, headers)
      },
    }
  }
}
