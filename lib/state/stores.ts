/**
 * Stores as typed handles. A handle is a value: it declares the store in a topology, opens it in a
 * processor, and asks it from outside. There is no access by bare name, so no cast.
 *
 * In a processor single rows are synchronous and scans asynchronous: LevelDB has `getSync` but no
 * synchronous iterator. A value read never aliases the stored one.
 */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import type { Row } from '../core/record.ts'
import type { Serde } from '../core/serde.ts'
import type { Windowed, WindowKind } from '../core/windows.ts'
import type { KeyValueQuery, WindowQuery, WindowScans } from './queries.ts'
import { StoreHandle } from './store-handle.ts'
import { dedupSpec, keyValueSpec, windowSpec } from './store-spec.ts'

export type { Queryable } from './store-handle.ts'
export { StoreHandle } from './store-handle.ts'
export type { StoreSpec } from './store-spec.ts'

/** Where a store lives and how long it keeps. */
export interface StoreOptions {
  readonly name: string
  readonly in?: 'leveldb' | 'memory'
  /** `false`: gone after a crash. An object: Kafka's topic configuration. */
  readonly changelog?: boolean | Readonly<Record<string, string | number>>
  /**
   * Windowed stores: how far behind stream time rows stay readable. The windows' size and grace
   * unless said; less is refused, more lets queries look back further.
   */
  readonly retention?: Duration
}

/** The query view of a table with this key. */
export type QueryOf<K, V> =
  K extends Windowed<infer I, infer W extends WindowKind>
    ? W extends 'time' | 'sliding'
      ? WindowQuery<I, V, W>
      : never
    : KeyValueQuery<K, V>

export interface Range<out K> {
  readonly from?: K
  readonly to?: K
  readonly reverse?: boolean
  readonly limit?: number
}

export interface KeyValueStore<in out K, in out V> {
  get(key: K): V | undefined
  /** With the row's timestamp. */
  entry(key: K): { readonly value: V; readonly timestamp: number } | undefined
  /** `timestamp`: that of the record in hand unless given. */
  put(key: K, value: V, timestamp?: number): void
  /** Returns the row that was there and then stays, or `undefined` after it has put its own. */
  putIfAbsent(key: K, value: V): V | undefined
  delete(key: K): V | undefined
  /** Ordered by key bytes, both ends included. */
  range(range?: Range<K>): AsyncIterable<Row<K, V>>
}

export interface WindowStore<in out K, in out V> {
  get(key: K, start: number): V | undefined
  entry(key: K, start: number): { readonly value: V; readonly timestamp: number } | undefined
  put(key: K, value: V, start: number, timestamp?: number): void
  delete(key: K, start: number): void
  fetch(key: K, from: number, to: number): AsyncIterable<Row<Windowed<K>, V>>
  fetchAll(from: number, to: number): AsyncIterable<Row<Windowed<K>, V>>
}

/** A window store with `duplicates`: rows cannot be named one by one, so they are put and scanned. */
export interface DuplicatesStore<in out K, in out V> {
  /** Adds a row, whatever is there already under that key and start. */
  put(key: K, value: V, start: number, timestamp?: number): void
  /** Rows of one start come in the order in which they were put. */
  fetch(key: K, from: number, to: number): AsyncIterable<Row<Windowed<K>, V>>
  fetchAll(from: number, to: number): AsyncIterable<Row<Windowed<K>, V>>
}

export interface DedupStore<in K> {
  /** True when the id is new within the horizon before `time`; then it is remembered. */
  add(key: K, id: Uint8Array, time: number): boolean
}

interface Serdes<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

type Backing = Omit<StoreOptions, 'name' | 'retention'>

type KeyValueOptions<K, V> = Serdes<K, V> & Backing & { readonly ttl?: Duration }

type WindowStoreOptions<K, V, D extends boolean> = Serdes<K, V> &
  Backing & {
    readonly size: Duration
    readonly retention: Duration
    /** Several rows under one key and start, as join buffers need: put and scanned only. False. */
    readonly duplicates?: D
  }

type WindowHandle<K, V, D extends boolean> = [D] extends [false]
  ? StoreHandle<WindowStore<K, V>, WindowQuery<K, V, 'time'>>
  : StoreHandle<DuplicatesStore<K, V>, WindowScans<K, V, 'time'>>

/** Declares stores for processors. The same name and another kind or serde is refused at start. */
export const stores: {
  readonly keyValue: <K, V>(
    name: string,
    options: KeyValueOptions<K, V>,
  ) => StoreHandle<KeyValueStore<K, V>, KeyValueQuery<K, V>>
  readonly window: <K, V, D extends boolean = false>(
    name: string,
    options: WindowStoreOptions<K, V, D>,
  ) => WindowHandle<K, V, D>
  /** Remembers ids per key. */
  readonly dedup: <K>(
    name: string,
    options: { readonly key: Serde<K> } & Backing & { readonly horizon: Duration },
  ) => StoreHandle<DedupStore<K>, never>
} = {
  keyValue: (name, { ttl, ...rest }) => {
    if (ttl === undefined) return new StoreHandle(keyValueSpec({ name, ...rest }))
    return new StoreHandle(keyValueSpec({ name, ...rest, ttlMs: above(ttl, 'ttl', name) }))
  },
  window: <K, V, D extends boolean>(name: string, options: WindowStoreOptions<K, V, D>) => {
    const { size, retention, duplicates = false, ...rest } = options
    const sizeMs = above(size, 'size', name)
    const retentionMs = above(retention, 'retention', name)
    if (retentionMs < sizeMs)
      throw new ConfigError(
        'INVALID_OPTION',
        `retention of store '${name}' is ${retentionMs} ms, less than its windows' size of ${sizeMs} ms: rows would go before their window ends`,
      )
    const spec = windowSpec({ name, ...rest, sizeMs, retentionMs, duplicates })
    // The public face that the type names is chosen by `duplicates`, as the type is.
    return new StoreHandle(spec) as WindowHandle<K, V, D>
  },
  dedup: (name, { horizon, ...rest }) =>
    new StoreHandle(
      dedupSpec({ name, ...rest, horizonMs: milliseconds(horizon, `horizon of store '${name}'`) }),
    ),
}

function above(value: Duration, option: string, name: string): number {
  const ms = milliseconds(value, `${option} of store '${name}'`)
  if (ms > 0) return ms
  throw new ConfigError('INVALID_OPTION', `${option} of store '${name}' is 0: it must be above`)
}
