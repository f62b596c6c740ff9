/**
 * Where a topology begins. Serdes come from here or from a `Topic`; there are no default serdes in
 * the options of `Streams`, because a type could not follow them.
 */
import type { ErrorPolicy } from '../core/errors.ts'
import type { StartPosition } from '../core/position.ts'
import type { ExtractContext } from '../core/record.ts'
import type { Bytes, NeededSerdes, Serde } from '../core/serde.ts'
import type { Topic } from '../core/topic.ts'
import type { StoreHandle } from '../state/stores.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { StreamSource } from '../topology/source.ts'
import { type Topology, topologyOf } from '../topology/topology.ts'
import { Graph, storeOptions } from './graph.ts'
import { GroupedStream } from './grouped-stream.ts'
import { KStream } from './k-stream.ts'
import { KTable } from './k-table.ts'
import type { StoreOption } from './options.ts'
import type { Makers } from './parts.ts'
import { namesOf, tableOf } from './stateful-nodes.ts'
import { type ErasedTopic, readFrom, type SourceOptions, type SourceTopics } from './topic-nodes.ts'
import { WindowedStream } from './windowed-stream.ts'

export interface StreamOptions<in K, in V> {
  /** Event time in milliseconds; Kafka's own timestamp is in the context. */
  readonly timestamp?: (value: V, key: K, context: ExtractContext) => number
  readonly start?: StartPosition
  readonly decode?: ErrorPolicy
  readonly name?: string
}

export interface SerdeOptions<in out K, in out V> {
  /** Left out: keys are bytes or null. */
  readonly key?: Serde<K>
  /** Left out: values are bytes or null. */
  readonly value?: Serde<V>
}

/** For what has its serdes already, or none yet. */
export interface NoSerdes {
  readonly key?: never
  readonly value?: never
}

export interface TableOptions extends StoreOption {
  readonly decode?: ErrorPolicy
  readonly start?: StartPosition
}

export interface BuildOptions {
  /** Refuses stores and internal topics without a name of yours. */
  readonly requireNames?: boolean
}

/** Serdes of the options, without their types. */
interface ErasedSerdes {
  readonly key?: ErasedSerde
  readonly value?: ErasedSerde
}

const makers: Makers = {
  stream: (part) => new KStream(part),
  table: (part) => new KTable(part),
  grouped: (part) => new GroupedStream(part),
  windowed: (part) => new WindowedStream(part),
}

export class StreamsBuilder {
  readonly #graph: Graph = new Graph(makers)

  /** A topic with its serdes. */
  stream<K, V>(source: Topic<K, V>, options?: StreamOptions<K, V> & NoSerdes): KStream<K, V>
  /** Bytes, or null, where no serde is given. */
  stream(source: StreamSource): KStream<Bytes, Bytes>
  stream<K = Bytes, V = Bytes>(
    source: StreamSource,
    options: SerdeOptions<K, V> &
      NeededSerdes<NoInfer<K>, NoInfer<V>> &
      StreamOptions<NoInfer<K>, NoInfer<V>>,
  ): KStream<K, V>
  stream(source: StreamSource | ErasedTopic, options: SourceOptions & ErasedSerdes = {}): unknown {
    return new KStream(readFrom(this.#graph, topicsOf(source, options, false), options))
  }

  table<K, V>(topic: Topic<K, V>, options?: TableOptions): KTable<K, Exclude<V, null>>
  table<K, V>(
    topic: string,
    options: { readonly key: Serde<K>; readonly value: Serde<V> } & TableOptions,
  ): KTable<K, V>
  table(source: string | ErasedTopic, options: TableOptions & ErasedSerdes = {}): unknown {
    const { start, decode } = options
    const stream = readFrom(this.#graph, topicsOf(source, options, true), {
      ...(start === undefined ? {} : { start }),
      ...(decode === undefined ? {} : { decode }),
    })
    const names = namesOf(stream, 'table', { store: storeOptions(options).name })
    return new KTable(tableOf(stream, names, options))
  }

  /** Needed only for stores that no processor names. */
  addStore(store: StoreHandle<unknown, unknown>): this {
    this.#graph.addStore(store)
    return this
  }

  build(options: BuildOptions = {}): Topology {
    return topologyOf(this.#graph.build(options.requireNames ?? false))
  }
}

function topicsOf(
  source: StreamSource | ErasedTopic,
  options: ErasedSerdes,
  tombstones: boolean,
): SourceTopics {
  if (typeof source === 'string')
    return { topics: [source], key: options.key, value: options.value, tombstones }
  if (source instanceof RegExp || isList(source))
    return { topics: source, key: options.key, value: options.value, tombstones }
  return { topics: [source.name], key: source.key, value: source.value, tombstones }
}

function isList(source: readonly string[] | ErasedTopic): source is readonly string[] {
  return Array.isArray(source)
}
