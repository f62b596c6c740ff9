/**
 * Records grouped by key and window. Results are tables keyed by `Windowed<K, W>`, whose rows are
 * never deleted.
 */
import type { ValueOption } from '../core/serde-options.ts'
import { longSerde } from '../core/serdes/numbers.ts'
import type { Windowed, WindowKind } from '../core/windows.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import { aggregateWindows } from './aggregate-nodes.ts'
import type { KTable } from './k-table.ts'
import {
  aggregateFold,
  countFold,
  countMerge,
  type Merge,
  mergeBy,
  reduceFold,
} from './operators/folds.ts'
import type { Making, StoreOption } from './options.ts'
import { type WindowedPart, windowedParts } from './parts.ts'
import { valueSerde } from './stream-nodes.ts'

/** Whether rows of these windows are ever deleted. */
export type WindowGone<W extends WindowKind> = W extends 'session' ? null : never

/** Joins the aggregates of two panes: with it, hopping windows are kept as panes. */
export type MergeOption<K, A, W extends WindowKind> = W extends 'session'
  ? { readonly merge: (left: A, right: A, key: K) => A }
  : { readonly merge?: (left: A, right: A, key: K) => A }

export type AggregateOptions<K, A, W extends WindowKind> = ValueOption<A> &
  StoreOption &
  MergeOption<K, A, W>

export interface WindowedReduceOptions extends StoreOption {
  /** The reducer is associative and commutative: hopping windows may be kept as panes. */
  readonly commutative?: boolean
}

export class WindowedStream<in out K, in out V, in out W extends WindowKind> {
  declare protected readonly key: K
  declare protected readonly value: V
  declare protected readonly kind: W

  constructor(part: WindowedPart) {
    windowedParts.remember(this, part)
  }

  count(options: StoreOption = {}): KTable<Windowed<K, W>, number, WindowGone<W>> {
    const part = windowedParts.get(this)
    const fold = { operator: 'count', fold: countFold, merge: countMerge, value: longSerde }
    return part.stream.graph.make.table(aggregateWindows(part, fold, options))
  }

  reduce(
    reducer: (aggregate: V, value: V, key: K) => V,
    options: WindowedReduceOptions = {},
  ): KTable<Windowed<K, W>, V, WindowGone<W>> {
    const part = windowedParts.get(this)
    const merge: Merge | undefined = options.commutative === true ? mergeBy(reducer) : undefined
    const value = valueSerde(part.stream)
    const fold = { operator: 'reduce', fold: reduceFold(reducer), merge, value }
    return part.stream.graph.make.table(aggregateWindows(part, fold, options))
  }

  aggregate<A, R extends A | null>(
    initializer: () => NoInfer<A>,
    aggregator: Making<A, (aggregate: A, value: V, key: K) => R>,
    options: AggregateOptions<K, A, W>,
  ): KTable<Windowed<K, W>, A, Extract<R, null> | WindowGone<W>>
  aggregate(
    initializer: () => unknown,
    aggregator: (aggregate: never, value: never, key: never) => unknown,
    options: {
      readonly value: ErasedSerde
      readonly merge?: (left: never, right: never, key: never) => unknown
    } & StoreOption,
  ): unknown {
    const part = windowedParts.get(this)
    const merge = options.merge === undefined ? undefined : mergeBy(options.merge)
    const fold = aggregateFold(initializer, aggregator)
    const kind = { operator: 'aggregate', fold, merge, value: options.value }
    return part.stream.graph.make.table(aggregateWindows(part, kind, options))
  }
}
