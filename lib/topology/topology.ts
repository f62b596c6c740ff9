/**
 * A program as data. The DSL builds one; by hand, nodes are typed handles instead of name strings,
 * so a sink with the wrong serde does not compile here either.
 */
import { ConfigError } from '../core/errors.ts'
import type { Serde, Serializer } from '../core/serde.ts'
import { admitsNull } from '../core/serdes/nullable.ts'
import type { StoreHandle } from '../state/stores.ts'
import {
  describeMermaid,
  describeProgram,
  describeText,
  type TopologyDescription,
} from './describe.ts'
import { NamedStores, numbersOf } from './named-stores.ts'
import type { Program } from './nodes.ts'
import type {
  NoMetadata,
  NoOutput,
  NoStore,
  ProcessOptions,
  ProcessorSupplier,
} from './processor.ts'
import { ProgramBuilder } from './program-builder.ts'
import type { StreamSource } from './source.ts'
import { userProcessor } from './user-processor.ts'

/** A node and the records that leave it. */
export class TopologyNode<out K, out V> {
  readonly name: string
  declare protected readonly key: K
  declare protected readonly value: V

  constructor(name: string) {
    this.name = name
  }
}

/** Of the DSL: what it has built, given to the runtime as it is. */
const built = new WeakMap<Topology, Program>()
const growing = new WeakMap<Topology, ProgramBuilder>()

export class Topology {
  addSource<K, V>(
    name: string,
    source: StreamSource,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
  ): TopologyNode<K, V> {
    builderOf(this).addSource({
      kind: 'source',
      name,
      topics: typeof source === 'string' ? [source] : source,
      internal: false,
      key: serdes.key,
      value: serdes.value,
      nullKey: admitsNull(serdes.key),
      nullValue: admitsNull(serdes.value),
      timestamp: undefined,
      start: undefined,
      decode: undefined,
    })
    return new TopologyNode(name)
  }

  addProcessor<
    KIn,
    VIn,
    KOut = NoOutput,
    VOut = NoOutput,
    H = NoStore,
    M extends string = NoMetadata,
  >(
    name: string,
    parent: TopologyNode<KIn, VIn> | readonly TopologyNode<KIn, VIn>[],
    supplier: ProcessorSupplier<KIn, VIn, NoInfer<KOut>, NoInfer<VOut>, NoInfer<H>, NoInfer<M>>,
    options: Omit<ProcessOptions<KOut, VOut, H, M>, 'name'> = {},
  ): TopologyNode<KOut, VOut> {
    const program = builderOf(this)
    const stores = new NamedStores(options.stores ?? [], program)
    const parents = parent instanceof TopologyNode ? [parent] : parent
    program.addProcessor({
      kind: 'processor',
      name,
      parents: parents.map((node) => node.name),
      supplier: userProcessor(supplier, stores),
      stores: stores.names,
      numbers: numbersOf(options.metadata),
      addressed: false,
      mayBeAsync: true,
    })
    return new TopologyNode(name)
  }

  addSink<K, V>(
    name: string,
    parent: TopologyNode<K, V>,
    topic: string,
    serdes: {
      readonly key: Serializer<NoInfer<Exclude<K, null>>>
      readonly value: Serializer<NoInfer<Exclude<V, null>>>
    },
  ): void {
    builderOf(this).addSink({
      kind: 'sink',
      name,
      parents: [parent.name],
      topic,
      internal: false,
      key: serdes.key,
      value: serdes.value,
      partition: undefined,
      // Kafka Streams, too, looks into windowed keys in its DSL only.
      keyTail: 0,
      headers: undefined,
      timestamp: undefined,
      addressed: false,
    })
  }

  addStore(store: StoreHandle<unknown, unknown>): void {
    builderOf(this).addStore(store.spec)
  }

  describe(): TopologyDescription
  /** The text of Kafka Streams' `describe()`, or Mermaid. */
  describe(format: 'text' | 'mermaid'): string
  describe(format?: 'text' | 'mermaid'): TopologyDescription | string {
    const program = programOf(this)
    if (format === undefined) return describeProgram(program)
    return format === 'text' ? describeText(program) : describeMermaid(program)
  }
}

/** What a topology is made of: for those who compile it. */
export function programOf(topology: Topology): Program {
  return built.get(topology) ?? builderOf(topology).program()
}

/** A topology that the DSL has built, to which nothing can be added. */
export function topologyOf(program: Program): Topology {
  const topology = new Topology()
  built.set(topology, program)
  return topology
}

function builderOf(topology: Topology): ProgramBuilder {
  if (built.has(topology))
    throw new ConfigError(
      'BUILT',
      'the topology was built by a StreamsBuilder, and nothing can be added to it: use the builder, or start from new Topology()',
    )
  const known = growing.get(topology)
  if (known !== undefined) return known
  const builder = new ProgramBuilder()
  growing.set(topology, builder)
  return builder
}
