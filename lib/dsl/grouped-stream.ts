/**
 * Records grouped by key, ready to be folded. Callbacks are `(aggregate, value, key)`, as in
 * `Array.reduce`. Null keys and values never arrive here; null as a result deletes the row.
 */
import type { ValueOption } from '../core/serde-options.ts'
import { longSerde } from '../core/serdes/numbers.ts'
import { timeWindowsOf, type WindowKind, type Windows } from '../core/windows.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import { aggregateGroup } from './aggregate-nodes.ts'
import { Keyed } from './joins.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import { aggregateFold, countFold, reduceFold } from './operators/folds.ts'
import type { Making, StoreOption } from './options.ts'
import { type GroupedPart, groupedParts } from './parts.ts'
import { valueSerde } from './stream-nodes.ts'
import type { WindowedStream } from './windowed-stream.ts'

export interface LateOption<in out K, in out V> {
  /** What to do with records behind the grace: a topic, or a branch. Else dropped and counted. */
  readonly late?: string | ((records: KStream<K, V>) => void)
}

export class GroupedStream<in out K, in out V> extends Keyed<K> {
  declare protected readonly value: V

  constructor(part: GroupedPart) {
    super()
    groupedParts.remember(this, part)
  }

  count(options: StoreOption = {}): KTable<K, number, never> {
    const group = groupedParts.get(this)
    const fold = { operator: 'count', fold: countFold, value: longSerde }
    return group.stream.graph.make.table(aggregateGroup(group, fold, options))
  }

  /** The first value of a key is taken as it is. */
  reduce(
    reducer: (aggregate: V, value: V, key: K) => V,
    options: StoreOption = {},
  ): KTable<K, V, never> {
    const group = groupedParts.get(this)
    const value = valueSerde(group.stream)
    const fold = { operator: 'reduce', fold: reduceFold(reducer), value }
    return group.stream.graph.make.table(aggregateGroup(group, fold, options))
  }

  aggregate<A, R extends A | null>(
    initializer: () => NoInfer<A>,
    aggregator: Making<A, (aggregate: A, value: V, key: K) => R>,
    options: ValueOption<A> & StoreOption,
  ): KTable<K, A, Extract<R, null>>
  aggregate(
    initializer: () => unknown,
    aggregator: (aggregate: never, value: never, key: never) => unknown,
    options: { readonly value: ErasedSerde } & StoreOption,
  ): unknown {
    const group = groupedParts.get(this)
    const { value } = options
    const fold = { operator: 'aggregate', fold: aggregateFold(initializer, aggregator), value }
    return group.stream.graph.make.table(aggregateGroup(group, fold, options))
  }

  windowedBy<W extends WindowKind>(
    windows: Windows<W>,
    options: LateOption<K, V> = {},
  ): WindowedStream<K, V, W> {
    const group = groupedParts.get(this)
    const { make } = group.stream.graph
    const { late } = options
    return make.windowed({
      ...group,
      windows: timeWindowsOf(windows),
      late: typeof late === 'function' ? (part) => late(make.stream(part)) : late,
    })
  }
}
