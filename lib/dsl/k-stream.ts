/**
 * A stream of records.
 *
 * 1. An operator that makes a type may take its serde (`{ key }`, `{ value }`); where it is left
 *    out, the stream's third parameter says so and what needs bytes does not compile.
 * 2. `map`, `flatMap`, `selectKey`, `process` re-key: what groups, joins or drops duplicates by key
 *    behind them goes through a repartition topic. The `…Values` operators, `filter` and `peek` keep
 *    the key.
 * 3. Null keys and null values pass through what the types let them pass; grouping and inner joins
 *    drop and count them.
 *
 * Overloads are what users see; a body takes callbacks without their types (nodes.ts).
 */
import type { Live, NewRecord } from '../core/record.ts'
import type { KeyOption, Lack, ValueOption } from '../core/serde-options.ts'
import type { Topic } from '../core/topic.ts'
import type { ErasedCallback } from '../topology/nodes.ts'
import type {
  FixedKeySupplier,
  NoMetadata,
  NoOutput,
  NoStore,
  ProcessOptions,
  ProcessorSupplier,
  ProcessValuesOptions,
} from '../topology/processor.ts'
import type { GroupedStream } from './grouped-stream.ts'
import { type JoinOptions, Keyed, type LeftJoinOptions, type SideOf } from './joins.ts'
import type { KTable } from './k-table.ts'
import { filter, filterNot } from './operators/filter.ts'
import { flatMap } from './operators/flat-map.ts'
import { flatMapValues } from './operators/flat-map-values.ts'
import { forEach } from './operators/for-each.ts'
import { map } from './operators/map.ts'
import { mapValues } from './operators/map-values.ts'
import { peek } from './operators/peek.ts'
import { print } from './operators/print.ts'
import { groupKey, selectKey } from './operators/select-key.ts'
import type {
  BranchValue,
  Callback,
  DropDuplicatesOptions,
  Making,
  NameOptions,
  NeedsKey,
  PartitionsOption,
  ProduceOptions,
  RepartitionOptions,
  StoreOption,
  Sync,
  ToOptions,
  TopicChooser,
} from './options.ts'
import { type StreamPart, streamParts } from './parts.ts'
import { fixedKeyNode, processorNode } from './processor-nodes.ts'
import { repartitionStream } from './repartition.ts'
import { dropRepeats, toTable } from './stateful-nodes.ts'
import { type ErasedJoiner, joinStream } from './stream-joins.ts'
import { mergeStreams, type NewSerdes, rekeyed, splitStream, stateless } from './stream-nodes.ts'
import { type ErasedTopic, type SinkOptions, writeTo } from './topic-nodes.ts'

export class KStream<in out K, in out V, in out L extends Lack = never> extends Keyed<Live<K>> {
  declare protected readonly key: Live<K>
  declare protected readonly value: V
  declare protected readonly lacks: L
  declare protected readonly keyless: [null] extends [K] ? NeedsKey : never

  constructor(part: StreamPart) {
    super()
    streamParts.remember(this, part)
  }

  /** Keeps what the predicate accepts; a type guard narrows the value. */
  filter<U extends V>(predicate: (value: V, key: K) => value is U): KStream<K, U, L>
  filter(predicate: Callback<V, K, boolean>): KStream<K, V, L>
  filter(predicate: ErasedCallback<boolean>): unknown {
    return new KStream(stateless(streamParts.get(this), 'filter', filter(predicate)))
  }

  filterNot<U extends V>(predicate: (value: V, key: K) => value is U): KStream<K, Exclude<V, U>, L>
  filterNot(predicate: Callback<V, K, boolean>): KStream<K, V, L>
  filterNot(predicate: ErasedCallback<boolean>): unknown {
    return new KStream(stateless(streamParts.get(this), 'filter-not', filterNot(predicate)))
  }

  /** One record to one record, `{ key, value }`; re-keys. */
  map<K2, V2>(mapper: Callback<V, K, NewRecord<K2, V2>>): KStream<K2, V2, Lack>
  map<K2, V2>(
    mapper: Making<K2, Making<V2, Callback<V, K, NewRecord<NoInfer<K2>, NoInfer<V2>>>>>,
    options: KeyOption<K2> & ValueOption<V2>,
  ): KStream<K2, V2>
  map(mapper: ErasedCallback<NewRecord<unknown, unknown>>, options?: NewSerdes): unknown {
    return new KStream(stateless(streamParts.get(this), 'map', map(mapper), rekeyed(options)))
  }

  /** Changes the value and keeps the key. */
  mapValues<V2>(mapper: Callback<V, K, Sync<V2>>): KStream<K, V2, L | 'no value serde'>
  mapValues<V2>(
    mapper: Making<V2, Callback<V, K, NoInfer<V2>>>,
    options: ValueOption<V2>,
  ): KStream<K, V2, Exclude<L, 'no value serde'>>
  mapValues(mapper: ErasedCallback<unknown>, options?: NewSerdes): unknown {
    const value = options?.value
    return new KStream(stateless(streamParts.get(this), 'map-values', mapValues(mapper), { value }))
  }

  /** One record to any number, each `{ key, value }`; re-keys. */
  flatMap<K2, V2>(mapper: Callback<V, K, Iterable<NewRecord<K2, V2>>>): KStream<K2, V2, Lack>
  flatMap<K2, V2>(
    mapper: Making<K2, Making<V2, Callback<V, K, Iterable<NewRecord<NoInfer<K2>, NoInfer<V2>>>>>>,
    options: KeyOption<K2> & ValueOption<V2>,
  ): KStream<K2, V2>
  flatMap(
    mapper: ErasedCallback<Iterable<NewRecord<unknown, unknown>>>,
    options?: NewSerdes,
  ): unknown {
    return new KStream(
      stateless(streamParts.get(this), 'flat-map', flatMap(mapper), rekeyed(options)),
    )
  }

  /** One value to any number under the same key. */
  flatMapValues<V2>(mapper: Callback<V, K, Iterable<V2>>): KStream<K, V2, L | 'no value serde'>
  flatMapValues<V2>(
    mapper: Making<V2, Callback<V, K, Iterable<NoInfer<V2>>>>,
    options: ValueOption<V2>,
  ): KStream<K, V2, Exclude<L, 'no value serde'>>
  flatMapValues(mapper: ErasedCallback<Iterable<unknown>>, options?: NewSerdes): unknown {
    const value = options?.value
    const supplier = flatMapValues(mapper)
    return new KStream(stateless(streamParts.get(this), 'flat-map-values', supplier, { value }))
  }

  /** A new key; re-keys. */
  selectKey<K2>(selector: Callback<V, K, Sync<K2>>): KStream<K2, V, L | 'no key serde'>
  selectKey<K2>(
    selector: Making<K2, Callback<V, K, NoInfer<K2>>>,
    options: KeyOption<K2>,
  ): KStream<K2, V, Exclude<L, 'no key serde'>>
  selectKey(selector: ErasedCallback<unknown>, options?: NewSerdes): unknown {
    const changes = { key: options?.key, rekeyed: true }
    return new KStream(stateless(streamParts.get(this), 'select-key', selectKey(selector), changes))
  }

  /** Looks, changes nothing. */
  peek<R>(action: Callback<V, K, Sync<R>>): KStream<K, V, L> {
    return new KStream(stateless(streamParts.get(this), 'peek', peek(action)))
  }

  /** Prints each record on one line and lets it pass. */
  print(options: { readonly label?: string } = {}): KStream<K, V, L> {
    return new KStream(stateless(streamParts.get(this), 'print', print(options.label)))
  }

  /** One stream per name; a record goes to the first that accepts it, or nowhere. */
  split<B extends Readonly<Record<string, (value: V, key: K) => boolean>>>(
    branches: B,
  ): { readonly [N in keyof B]: KStream<K, BranchValue<B[N], V>, L> } {
    const parts = splitStream(streamParts.get(this), Object.entries(branches))
    const streams = [...parts].map(([name, part]) => [name, new KStream(part)])
    // One stream for each name of `branches`, which the return type says again.
    return Object.fromEntries(streams)
  }

  /** Both streams as one, in no order between them; of two types if need be. */
  merge<V2, L2 extends Lack>(
    other: KStream<K, V2, L2>,
  ): KStream<K, V | V2, L | L2 | ([V2] extends [V] ? never : 'no value serde')>
  merge<V2, L2 extends Lack>(
    other: KStream<K, V2, L2>,
    options: ValueOption<V | V2>,
  ): KStream<K, V | V2, Exclude<L | L2, 'no value serde'>>
  merge(other: object, options?: NewSerdes): unknown {
    return new KStream(mergeStreams(streamParts.get(this), streamParts.get(other), options?.value))
  }

  /** Applies a function of yours, so that a chain stays a chain. */
  pipe<R>(operator: (stream: KStream<K, V, L>) => R): R {
    return operator(this)
  }

  /**
   * Drops a record whose `id` the same key has had `within` that time; a null value has no id and
   * passes. It writes bytes, so it needs both serdes, and a re-keyed stream goes through a
   * repartition topic first.
   */
  dropDuplicates(
    this: KStream<NonNullable<K>, V>,
    options: DropDuplicatesOptions<Live<V>, K>,
  ): KStream<K, V> {
    return new KStream(dropRepeats(streamParts.get(this), options))
  }

  /** Through a topic of its own, always. */
  repartition(this: KStream<K, V>, options: RepartitionOptions<K, V> = {}): KStream<K, V> {
    return new KStream(repartitionStream(streamParts.get(this), options))
  }

  /** Latest value per key; null deletes. */
  toTable(
    this: KStream<K, V>,
    options: StoreOption & NameOptions & PartitionsOption = {},
  ): KTable<Live<K>, Live<V>, Extract<V, null>> {
    const part = streamParts.get(this)
    return part.graph.make.table(toTable(part, options))
  }

  /** Groups by a new key. */
  groupBy<K2>(
    this: KStream<K, V, Exclude<L, 'no value serde'>>,
    selector: Making<K2, Callback<Live<V>, K, NoInfer<K2> | null>>,
    options: KeyOption<K2> & NameOptions & PartitionsOption,
  ): GroupedStream<K2, Live<V>>
  groupBy(
    selector: ErasedCallback<unknown>,
    options: NewSerdes & NameOptions & PartitionsOption,
  ): unknown {
    const { key, name, partitions } = options
    const part = streamParts.get(this)
    const stream = stateless(part, 'group-by', groupKey(selector), {
      key,
      rekeyed: true,
      scope: name ?? part.scope,
    })
    return part.graph.make.grouped({ stream, name, partitions, keysChecked: true })
  }

  /** Groups by the key that it has. */
  groupByKey(
    this: KStream<K, V>,
    options: NameOptions & PartitionsOption = {},
  ): GroupedStream<Live<K>, Live<V>> {
    const { name, partitions } = options
    const part = streamParts.get(this)
    const stream = { ...part, scope: name ?? part.scope }
    return part.graph.make.grouped({ stream, name, partitions, keysChecked: false })
  }

  /** With a stream (`within` is needed) or with a table. Inner: both sides are there. */
  join<T extends Keyed<Live<K>>, R>(
    this: KStream<K, V>,
    other: T,
    joiner: Making<R, (left: Live<V>, right: SideOf<T>, key: Live<K>) => NoInfer<R>>,
    options: JoinOptions<NoInfer<T>, R>,
  ): KStream<Live<K>, R>
  join(other: object, joiner: ErasedJoiner, options: unknown): unknown {
    return new KStream(joinStream(streamParts.get(this), other, 'inner', joiner, options))
  }

  /** With a table; a side that is not there is `undefined`. */
  leftJoin<T extends Keyed<Live<K>>, R>(
    this: KStream<K, V>,
    other: T,
    joiner: Making<R, (left: Live<V>, right: SideOf<T> | undefined, key: K) => NoInfer<R>>,
    options: LeftJoinOptions<NoInfer<T>, R>,
  ): KStream<K, R>
  leftJoin(other: object, joiner: ErasedJoiner, options: unknown): unknown {
    return new KStream(joinStream(streamParts.get(this), other, 'left', joiner, options))
  }

  /** A processor of your own; re-keys. */
  process<KOut = NoOutput, VOut = NoOutput, H = NoStore, M extends string = NoMetadata>(
    supplier: ProcessorSupplier<K, V, NoInfer<KOut>, NoInfer<VOut>, NoInfer<H>, NoInfer<M>>,
    options: ProcessOptions<KOut, VOut, H, M> = {},
  ): KStream<KOut, VOut> {
    return new KStream(processorNode(streamParts.get(this), supplier, options))
  }

  /** A processor that keeps the key. */
  processValues<VOut = NoOutput, H = NoStore, M extends string = NoMetadata>(
    supplier: FixedKeySupplier<K, V, NoInfer<VOut>, NoInfer<H>, NoInfer<M>>,
    options: ProcessValuesOptions<VOut, H, M> = {},
  ): KStream<K, VOut, Exclude<L, 'no value serde'>> {
    return new KStream(fixedKeyNode(streamParts.get(this), supplier, options))
  }

  /**
   * The end of a stream: to a topic with its serdes, or to a topic by name (or by a function of the
   * record) with the serdes that the stream has.
   */
  to(
    target: Topic<Live<K>, Live<V>> | ([L] extends [never] ? string | TopicChooser<K, V> : L),
  ): void
  /** To a topic with a partitioner, headers, or serdes of its own. */
  to<T extends string | TopicChooser<K, V> | Topic<Live<K>, Live<V>>>(
    topic: T,
    options: T extends Topic<infer _K, infer _V> ? ProduceOptions<K, V> : ToOptions<K, V, L>,
  ): void
  to(target: string | ErasedCallback<string> | ErasedTopic, options?: SinkOptions): void {
    writeTo(streamParts.get(this), target, options)
  }

  /** Awaited one by one; at-least-once by nature. */
  forEach(action: Callback<V, K, void | Promise<void>>): void {
    stateless(streamParts.get(this), 'for-each', forEach(action), {}, { mayBeAsync: true })
  }
}
