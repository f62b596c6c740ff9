/**
 * When a table tells of its changes. `emit` does not alter the table that it is called on: it is a
 * view of the same store under another rule, and the aggregate does only the work that some view
 * asks for.
 */
import type { Duration } from '../core/duration.ts'
import type { Row } from '../core/record.ts'
import type { Windowed, WindowKind } from '../core/windows.ts'

/** The whole table once per interval of wall-clock time, rows per task: for one global order, group by one key first. */
export interface CompleteEmit<in K, in V> {
  readonly complete: Duration
  readonly sort?: (a: Row<K, V>, b: Row<K, V>) => number
  readonly limit?: number
}

/** Rules for every table: each change, last change per commit, changed rows or all rows on a trigger. */
export type UnwindowedEmit<K, V> =
  | 'update'
  | 'commit'
  | { readonly every: Duration }
  | CompleteEmit<K, V>

/**
 * Windowed tables also know `'final'`: once per window, when it has closed. `build` refuses it for
 * windows that never do (`grace: 'forever'`).
 */
export type WindowedEmit<K, V> = UnwindowedEmit<K, V> | 'final'

/** What `emit` takes on a table with this key. */
export type EmitFor<K, V> =
  K extends Windowed<infer _Key, infer _Kind extends WindowKind>
    ? WindowedEmit<K, V>
    : UnwindowedEmit<K, V>
