/**
 * One aggregate per key and window, each window a row of its own. Operator time, the highest
 * timestamp that this operator has seen, decides what is late; it commits as number `t`.
 */
import type { RecordHeaders } from '../../core/headers.ts'
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import type { Fold } from './folds.ts'
import { KeptWindows } from './kept-windows.ts'
import { lateOutlet } from './late-outlet.ts'
import { dropsNull, laterOf, operatorTime } from './record-guard.ts'
import {
  firstOpenStart,
  firstReadableStart,
  firstStart,
  lastStart,
  type WindowShape,
  windowed,
} from './window-shape.ts'
import { holdAll, shareWindowTable } from './window-table.ts'

export interface WindowedAggregateOptions {
  readonly store: string
  readonly shape: WindowShape
  readonly fold: Fold
  /** How far behind operator time a window's start stays readable: at least size + grace. */
  readonly retentionMs: number
  /** An addressed child for records that are late for all their windows. */
  readonly late?: string | undefined
  readonly demand: Demand
}

/**
 * Numbers: `t`. Null keys and values are dropped and counted. Views get (key, start of the first
 * window that changed, timestamp): that window and all later ones that the timestamp lies in.
 */
export function windowedAggregate(options: WindowedAggregateOptions): OperatorSupplier {
  const { shape, fold, demand, retentionMs } = options
  const { advanceMs } = shape
  return (context) => {
    const store = context.store<InnerWindowStore<unknown, unknown>>(options.store)
    const readableFrom = () => firstReadableStart(shape, context.number('t') ?? -1, retentionMs)
    const table = new KeptWindows(store, shape, readableFrom)
    shareWindowTable(store, table)
    holdAll(table, demand)
    const views = demand.views.map((view) => context.forwardTo(view))
    const late = lateOutlet(context, options.late)

    const update = (
      key: unknown,
      value: unknown,
      start: number,
      timestamp: number,
      headers: RecordHeaders,
    ) => {
      const row = store.get(key, start)
      // Read apart, for a fold may change the aggregate in place.
      const before = demand.before ? store.get(key, start)?.value : undefined
      const now = fold(row?.value, value, key) ?? undefined
      const at = laterOf(row, timestamp)
      if (now !== undefined) store.put(key, now, start, at)
      else if (row !== undefined) {
        table.deletes = true
        store.delete(key, start, at)
      }
      if (demand.updates) context.forward(windowed(shape, key, start), { now, before }, at, headers)
    }

    return {
      process(key, value, timestamp, headers) {
        if (dropsNull(context, key, value)) return
        const time = operatorTime(context, timestamp)
        const last = lastStart(shape, timestamp)
        const open = firstOpenStart(shape, time)
        if (open > last) return late(key, value, timestamp, headers, open - timestamp)
        const first = Math.max(firstStart(shape, timestamp), open)
        for (let start = first; start <= last; start += advanceMs)
          update(key, value, start, timestamp, headers)
        for (const view of views) view(key, first, timestamp, headers)
      },
      beforeCommit() {
        table.expireBefore(readableFrom())
      },
    }
  }
}
