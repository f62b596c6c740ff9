/**
 * The view of a windowed table that tells each window once, when it has closed: in order of start,
 * then of key bytes. The end of the last window told commits as number `w`.
 *
 * Windows close when a record moves operator time, so they are told with that record, whatever the
 * rhythm of commits; a time that jumps closes all windows in between at once.
 */
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { outletsOf } from './outlets.ts'
import { firstOpenStart, type WindowShape, windowed } from './window-shape.ts'
import { type WindowScan, windowTableOf } from './window-table.ts'

export interface EmitFinalOptions {
  /** The table's. */
  readonly store: string
  readonly shape: WindowShape
  readonly demand: Demand
}

/** An addressed child of its aggregate; it defers its scans. Numbers: `w`. */
export function emitFinal({ store: name, shape, demand }: EmitFinalOptions): OperatorSupplier {
  const { sizeMs, advanceMs } = shape
  return (context) => {
    const store = context.store<object>(name)
    const tell = outletsOf(context, demand)
    let scan: WindowScan | undefined

    const tellClosed = async (from: number, to: number) => {
      scan ??= windowTableOf(store).scan()
      for await (const { key, start, value, timestamp } of scan.rows(from, to))
        tell(
          windowed(shape, key, start),
          { now: value, before: undefined },
          timestamp,
          EMPTY_HEADERS,
        )
    }

    return {
      process(_key, _first, timestamp) {
        const open = firstOpenStart(shape, timestamp)
        const told = context.number('w')
        const from = told === undefined ? 0 : told - sizeMs + advanceMs
        if (open <= from) return
        const to = open - advanceMs
        context.setNumber('w', to + sizeMs)
        context.defer(() => tellClosed(from, to))
      },
      beforeCommit() {
        // What has closed was told with the record that closed it.
        windowTableOf(store).release(context.node)
      },
    }
  }
}
