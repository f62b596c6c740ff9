/**
 * A table: the latest value per key, and its changes.
 *
 * 1. A table always knows both serdes, because it is state and state has bytes. Operators that make
 *    a new value take its serde.
 * 2. The third parameter says whether rows are ever deleted: `null` if so, and then `toStream` has
 *    `V | null`; `never` for counts and other aggregates that only grow.
 * 3. A table is its own handle for queries: `app.store(table)`.
 */
import { ConfigError } from '../core/errors.ts'
import type { ValueOption } from '../core/serde-options.ts'
import type { Queryable, QueryOf, StoreHandle } from '../state/stores.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import { type ErasedEmit, emitTable } from './emission-nodes.ts'
import type { EmitFor } from './emit.ts'
import { Keyed } from './joins.ts'
import type { KStream } from './k-stream.ts'
import type { Making, StoreOption } from './options.ts'
import { type TablePart, tableParts } from './parts.ts'
import { changesOf, filterTable, mapTable } from './table-nodes.ts'

export class KTable<in out K, in out V, in out G extends null = null>
  extends Keyed<K>
  implements Queryable<QueryOf<K, V>>
{
  declare protected readonly key: K
  declare protected readonly value: V
  declare protected readonly deletes: G

  constructor(part: TablePart) {
    super()
    tableParts.remember(this, part)
  }

  /** For queries from a module that does not see the table. Throws when it keeps no rows. */
  get handle(): StoreHandle<unknown, QueryOf<K, V>> {
    const { store, node } = tableParts.get(this)
    if (store === undefined)
      throw new ConfigError(
        'INVALID_OPTION',
        `the table ${node} keeps no rows that could be asked for: give it a { store }, or ask the table that it follows from`,
      )
    // Made for the rows of this table, by whoever made the table.
    return store as StoreHandle<unknown, QueryOf<K, V>>
  }

  filter<U extends V>(
    predicate: (value: V, key: K) => value is U,
    options?: StoreOption,
  ): KTable<K, U>
  filter(predicate: (value: V, key: K) => boolean, options?: StoreOption): KTable<K, V>
  filter(predicate: (value: never, key: never) => boolean, options: StoreOption = {}): unknown {
    return new KTable(filterTable(tableParts.get(this), predicate, false, options))
  }

  filterNot(predicate: (value: V, key: K) => boolean, options: StoreOption = {}): KTable<K, V> {
    return new KTable(filterTable(tableParts.get(this), predicate, true, options))
  }

  mapValues<V2>(
    mapper: Making<V2, (value: V, key: K) => NoInfer<V2>>,
    options: ValueOption<V2> & StoreOption,
  ): KTable<K, V2, G>
  mapValues(
    mapper: (value: never, key: never) => unknown,
    options: { readonly value: ErasedSerde } & StoreOption,
  ): unknown {
    return new KTable(mapTable(tableParts.get(this), mapper, options.value, options))
  }

  /** The same table told in another rhythm. `'final'` needs windows, and then deletes nothing. */
  emit<const E extends EmitFor<K, V>>(how: E): KTable<K, V, E extends 'final' ? never : G>
  emit(how: ErasedEmit): unknown {
    return new KTable(emitTable(tableParts.get(this), how))
  }

  /** Its changes; null is a deleted row. */
  toStream(): KStream<K, V | G> {
    const part = tableParts.get(this)
    return part.graph.make.stream(changesOf(part))
  }
}
