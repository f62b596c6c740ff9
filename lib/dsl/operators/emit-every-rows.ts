/**
 * The view of a table with plain keys that tells what changed once per interval: each row as it
 * stands then, in the order of key bytes.
 *
 * Which rows are owed is a store of its own, written in the span that changed them: an abort, a crash
 * or a record that fails owes exactly what it owed before, and memory stays out of it (schedules A9).
 */
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { Change, OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { Interval } from './interval.ts'
import { outletsOf } from './outlets.ts'

export interface EmitEveryRowsOptions {
  /** The table's. */
  readonly store: string
  /** Key-value, by the table's keys, values `serdes.boolean`: whether the row was deleted. */
  readonly owed: string
  readonly everyMs: number
  readonly demand: Demand
}

/** An addressed child of its table. Numbers: `w`. It does not tell what was there before. */
export function emitEveryRows(options: EmitEveryRowsOptions): OperatorSupplier {
  return (context) => {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(options.store)
    const owed = context.store<InnerKeyValueStore<unknown, boolean>>(options.owed)
    const tell = outletsOf(context, options.demand)
    const interval = new Interval(context, options.everyMs)
    return {
      process(key, value, timestamp) {
        interval.begin()
        const deleted = (value as Change<unknown>).now === undefined
        // A deletion is written again for its time, which the row behind it no longer has.
        if (deleted || owed.get(key)?.value !== false) owed.put(key, deleted, timestamp)
      },
      async beforeCommit() {
        if (!interval.due()) return
        for await (const { key, timestamp } of owed.range()) {
          const row = store.get(key)
          const at = row?.timestamp ?? timestamp
          tell(key, { now: row?.value, before: undefined }, at, EMPTY_HEADERS)
          owed.delete(key, timestamp)
        }
      },
    }
  }
}
