/**
 * Stores seen from outside the topology: read only and asynchronous. What they answer is committed
 * state and that of the open span; a value read is the caller's.
 */
import type { Duration } from '../core/duration.ts'
import type { Row } from '../core/record.ts'
import type { Windowed } from '../core/windows.ts'
import type { Range } from './stores.ts'

export interface KeyValueQuery<in out K, out V> {
  get(key: K): Promise<V | undefined>
  range(range?: Range<K>): AsyncIterable<Row<K, V>>
  approximateSize(): Promise<number>
}

export interface TimeRange {
  readonly from?: number
  readonly to?: number
}

/** All that stores with `duplicates` can be asked. */
export interface WindowScans<in out K, out V, out W extends 'time' | 'sliding'> {
  fetch(key: K, range?: TimeRange): AsyncIterable<Row<Windowed<K, W>, V>>
  fetchAll(range?: TimeRange): AsyncIterable<Row<Windowed<K, W>, V>>
}

export interface WindowQuery<in out K, out V, out W extends 'time' | 'sliding'>
  extends WindowScans<K, V, W> {
  get(key: K, start: number): Promise<V | undefined>
  /** One window of another length, merged from panes: any multiple of the pane. */
  window(length: { readonly last: Duration }): KeyValueQuery<K, V>
}
