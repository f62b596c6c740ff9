/**
 * Views of a windowed table that tell what changed: once per commit, or once per interval. Each
 * window as it stands then; keys in the order in which they first changed, their windows by start.
 */
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { DirtyWindows } from './dirty-windows.ts'
import { Interval } from './interval.ts'
import { keyIdentity } from './key-identity.ts'
import { outletsOf } from './outlets.ts'
import { lastStart, type WindowShape, windowed } from './window-shape.ts'
import { windowTableOf } from './window-table.ts'

export interface EmitWindowsOptions {
  /** The table's. */
  readonly store: string
  readonly shape: WindowShape
  /** Of the keys inside the windows. */
  readonly key: ErasedSerde
  /** Left out: once per commit. */
  readonly everyMs?: number | undefined
  readonly demand: Demand
}

/** An addressed child of its aggregate. Numbers: `w` and `m` with an interval, else none. */
export function emitWindows(options: EmitWindowsOptions): OperatorSupplier {
  const { shape, everyMs, demand } = options
  return (context) => {
    const store = context.store<object>(options.store)
    const tell = outletsOf(context, demand)
    const interval = everyMs === undefined ? undefined : new Interval(context, everyMs)
    const dirty = new DirtyWindows()

    const tellStretch = (key: unknown, from: number, to: number, timestamp: number) => {
      const table = windowTableOf(store)
      let next = from
      const gone = (until: number) => {
        for (; table.deletes && next < until; next += shape.advanceMs)
          tell(windowed(shape, key, next), DELETED, timestamp, EMPTY_HEADERS)
        next = until + shape.advanceMs
      }
      table.windowsOf(key, from, to, (start, now, at) => {
        gone(start)
        tell(windowed(shape, key, start), { now, before: undefined }, at, EMPTY_HEADERS)
      })
      gone(to + shape.advanceMs)
    }

    return {
      process(key, first, timestamp) {
        interval?.begin()
        const from = first as number
        if (from < dirty.first) windowTableOf(store).hold(context.node, from)
        const identity = keyIdentity(options.key, options.store, key)
        dirty.add(identity, key, from, lastStart(shape, timestamp), timestamp)
      },
      beforeCommit() {
        if (interval !== undefined && !interval.due()) return
        dirty.take(shape.advanceMs, tellStretch)
        windowTableOf(store).release(context.node)
      },
    }
  }
}

const DELETED = { now: undefined, before: undefined } as const
