/**
 * The view of a windowed table that tells what changed once per interval: each window as it stands
 * then. What is owed is a store of its own, as for rows; a window that is owed does not expire.
 */
import type { InnerWindowStore } from '../../state/inner-stores.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { Interval } from './interval.ts'
import { outletsOf } from './outlets.ts'
import { tellStretch } from './stretch.ts'
import { LATEST_START, lastStart, type WindowShape } from './window-shape.ts'
import { windowTableOf } from './window-table.ts'

export interface EmitEveryWindowsOptions {
  /** The table's. */
  readonly store: string
  /**
   * Windowed, by the table's inner keys and the start of the last window of a stretch; values
   * `serdes.long`: the start of the first. Rows stay for ever, they are deleted when told.
   */
  readonly owed: string
  readonly shape: WindowShape
  readonly everyMs: number
  readonly demand: Demand
}

type Owed = InnerWindowStore<unknown, number>

/** An addressed child of its aggregate. Numbers: `w`. */
export function emitEveryWindows(options: EmitEveryWindowsOptions): OperatorSupplier {
  const { shape } = options
  return (context) => {
    const store = context.store<object>(options.store)
    const owed = context.store<Owed>(options.owed)
    const tell = outletsOf(context, options.demand)
    const interval = new Interval(context, options.everyMs)
    /** Start of the first window that is owed, once the rows of an earlier life were looked through. */
    let heldFrom: number | undefined

    const tellOwed = async () => {
      const table = windowTableOf(store)
      for await (const { key, start: to, value: from, timestamp } of all(owed))
        for (const [first, last] of untold(owed, shape.advanceMs, key, from, to))
          tellStretch(tell, table, key, first, last, timestamp)
      // Not before: what is told of a later stretch depends on the earlier ones of its key.
      for await (const { key, start, timestamp } of all(owed)) owed.delete(key, start, timestamp)
    }

    return {
      process(key, first, timestamp) {
        interval.begin()
        const to = lastStart(shape, timestamp)
        const from = first as number
        const known = owed.get(key, to)?.value
        if (known === undefined || from < known) owed.put(key, from, to, timestamp)
        if (heldFrom === undefined || from >= heldFrom) return
        heldFrom = from
        windowTableOf(store).hold(context.node, from)
      },
      async beforeCommit() {
        const table = windowTableOf(store)
        if (interval.due()) {
          await tellOwed()
          heldFrom = Number.POSITIVE_INFINITY
          table.release(context.node)
        } else if (heldFrom === undefined) {
          heldFrom = await firstOwed(owed)
          table.hold(context.node, heldFrom)
        }
      },
    }
  }
}

function all(owed: Owed) {
  return owed.fetchAll(0, LATEST_START)
}

async function firstOwed(owed: Owed): Promise<number> {
  let first = Number.POSITIVE_INFINITY
  for await (const { value } of all(owed)) if (value < first) first = value
  return first
}

/** The parts of a stretch that no stretch of the same key that ends before it has, in order. */
function untold(
  owed: Owed,
  advanceMs: number,
  key: unknown,
  from: number,
  to: number,
): readonly (readonly [first: number, last: number])[] {
  const parts: [number, number][] = []
  let last = to
  let toldFrom = Number.POSITIVE_INFINITY
  for (let start = to - advanceMs; start >= from; start -= advanceMs) {
    const first = owed.get(key, start)?.value
    if (first !== undefined && first < toldFrom) toldFrom = first
    if (start < toldFrom) continue
    if (last > start) parts.unshift([start + advanceMs, last])
    last = start - advanceMs
  }
  if (last >= from) parts.unshift([from, last])
  return parts
}
