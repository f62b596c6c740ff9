/** Tells windows of one key that lie side by side, as they stand, to the readers of a view. */
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { Tell } from './outlets.ts'
import { windowed } from './window-shape.ts'
import type { WindowTable } from './window-table.ts'

/** From the window that starts at `from` to the one at `to`; deleted ones with `timestamp`. */
export function tellStretch(
  tell: Tell,
  table: WindowTable,
  key: unknown,
  from: number,
  to: number,
  timestamp: number,
): void {
  const { shape } = table
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

const DELETED = { now: undefined, before: undefined } as const
