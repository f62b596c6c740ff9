/**
 * One aggregate per key and pane: one write per record, whatever the overlap of the windows, which
 * are merged when somebody is told of them. For folds whose merge is associative and commutative.
 */
import { mapKey } from '../../core/bytes.ts'
import { RecordError } from '../../core/errors.ts'
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Merge } from './folds.ts'
import { keyBytes } from './key-identity.ts'
import { lateOutlet } from './late-outlet.ts'
import { PaneRows } from './pane-rows.ts'
import { PaneWindows } from './pane-windows.ts'
import { dropsNull, isNull, laterOf, operatorTime } from './record-guard.ts'
import {
  firstOpenStart,
  firstReadableStart,
  firstStart,
  lastStart,
  paneMs,
  windowed,
} from './window-shape.ts'
import { holdAll, shareWindowTable } from './window-table.ts'
import type { WindowedAggregateOptions } from './windowed-aggregate.ts'

export interface PaneAggregateOptions extends WindowedAggregateOptions {
  readonly merge: Merge
  /** Serdes of the store's rows. */
  readonly key: ErasedSerde
  readonly value: ErasedSerde
}

/**
 * Numbers: `t`. As `windowedAggregate` for those who read it; what was there before is not told, so a
 * table whose demand has `before` keeps its windows apart. A fold must not give null.
 */
export function paneAggregate(options: PaneAggregateOptions): OperatorSupplier {
  const { shape, fold, demand, retentionMs } = options
  const { advanceMs } = shape
  const length = paneMs(shape)
  return (context) => {
    const store = context.store<InnerWindowStore<unknown, unknown>>(options.store)
    const rows = new PaneRows(store, options, context.number('t'))
    const bytesOf = (key: unknown) => mapKey(keyBytes(options.key, options.store, key))
    const readableFrom = () => firstReadableStart(shape, context.number('t') ?? -1, retentionMs)
    const table = new PaneWindows(store, rows, bytesOf, readableFrom)
    shareWindowTable(store, table)
    holdAll(table, demand)
    const views = demand.views.map((view) => context.forwardTo(view))
    const late = lateOutlet(context, options.late)

    const put = (key: unknown, value: unknown, pane: number, n: number, timestamp: number) => {
      const row = store.get(key, pane, n)
      const now = fold(row?.value, value, key)
      if (isNull(now)) throw nothing(context.node)
      if (n > 0) rows.wroteLate(pane, n)
      table.wrote(pane)
      store.put(key, now, pane, laterOf(row, timestamp), n)
    }

    return {
      process(key, value, timestamp, headers) {
        if (dropsNull(context, key, value)) return
        const time = operatorTime(context, timestamp)
        const last = lastStart(shape, timestamp)
        const open = firstOpenStart(shape, time)
        if (open > last) return late(key, value, timestamp, headers, open - timestamp)
        const begin = firstStart(shape, timestamp)
        const first = Math.max(begin, open)
        put(key, value, timestamp - (timestamp % length), (first - begin) / advanceMs, timestamp)
        if (demand.updates)
          rows.windowsOf(key, first, last, (start, now, at) =>
            context.forward(windowed(shape, key, start), { now, before: undefined }, at, headers),
          )
        for (const view of views) view(key, first, timestamp, headers)
      },
      beforeCommit() {
        table.expireBefore(readableFrom())
      },
    }
  }
}

function nothing(node: string): RecordError {
  return new RecordError(
    'CALLBACK_FAILED',
    `the aggregator of ${node} returned nothing: with \`merge\` (or \`commutative\`) windows are kept as panes, which cannot be deleted; return an aggregate, or leave \`merge\` out`,
    { phase: 'process', node },
  )
}
