/**
 * Puts a program together, node by node. Both doors, `Topology` and the DSL, build through this, so
 * the rules of names, parents, topics and stores are here once.
 *
 * A node's parents are there before it: the order in which nodes were added is topological.
 */
import { ConfigError } from '../core/errors.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { checkName, repartitionTopic } from './names.ts'
import type {
  CopartitionGroup,
  ProcessorNode,
  Program,
  ProgramNode,
  RepartitionTopic,
  SinkNode,
  SourceNode,
} from './nodes.ts'

export class ProgramBuilder {
  readonly #nodes = new Map<string, ProgramNode>()
  readonly #stores = new Map<string, StoreSpec>()
  readonly #repartitions = new Map<string, RepartitionTopic>()
  readonly #copartitions: CopartitionGroup[] = []
  /** Topics that are read, with the source that reads them. */
  readonly #read = new Map<string, string>()

  /** Whether a node of that name is there. */
  has(name: string): boolean {
    return this.#nodes.has(name)
  }

  addSource(node: SourceNode): void {
    const { topics } = node
    if (!(topics instanceof RegExp)) {
      if (topics.length === 0)
        throw new ConfigError('INVALID_OPTION', `source ${node.name} has no topic: name one`)
      for (const topic of topics) this.#claimTopic(topic, node.name)
    }
    this.#add(node)
  }

  addProcessor(node: ProcessorNode): void {
    for (const store of node.stores)
      if (!this.#stores.has(store))
        throw new ConfigError(
          'INVALID_OPTION',
          `node ${node.name} opens store '${store}', which was not added`,
        )
    this.#add(node)
  }

  addSink(node: SinkNode): void {
    if (typeof node.topic === 'string') checkName('topic', node.topic)
    this.#add(node)
  }

  /** The same declaration may come again; another one under its name may not. */
  addStore(store: StoreSpec): void {
    const known = this.#stores.get(store.name)
    if (known === store) return
    if (known !== undefined)
      throw new ConfigError(
        'STORE_MISMATCH',
        `two stores are called '${store.name}': give one of them another name, or use one handle for both`,
      )
    checkName('store', store.name)
    this.#stores.set(store.name, store)
  }

  /** Declares a topic between two sub-topologies and returns its name. */
  addRepartition(name: string, partitions: number | undefined): string {
    checkName('repartition', name)
    if (partitions !== undefined && !(Number.isSafeInteger(partitions) && partitions > 0))
      throw new ConfigError(
        'INVALID_OPTION',
        `partitions of repartition '${name}' is ${partitions}: it must be a whole number above 0`,
      )
    const topic = repartitionTopic(name)
    if (this.#repartitions.has(topic))
      throw new ConfigError(
        'DUPLICATE_NAME',
        `two repartition topics would be called '${topic}': name them apart with { name }`,
      )
    this.#repartitions.set(topic, { name: topic, partitions })
    return topic
  }

  /** The topics of these sources must have equally many partitions. */
  requireCopartition(node: string, sources: readonly string[]): void {
    const topics = sources.flatMap((source) => {
      const read = this.#nodes.get(source)
      if (read?.kind !== 'source') return []
      // A pattern may match any number of topics.
      return read.topics instanceof RegExp ? [read.name, read.name] : read.topics
    })
    if (topics.length > 1) this.#copartitions.push({ node, sources })
  }

  program(): Program {
    return {
      nodes: new Map(this.#nodes),
      stores: new Map(this.#stores),
      repartitions: new Map(this.#repartitions),
      copartitions: [...this.#copartitions],
    }
  }

  #add(node: ProgramNode): void {
    checkName('node', node.name)
    if (this.#nodes.has(node.name))
      throw new ConfigError(
        'DUPLICATE_NAME',
        `two nodes are called '${node.name}': give one of them another name`,
      )
    if (node.kind !== 'source')
      for (const parent of node.parents) this.#checkParent(node.name, parent)
    this.#nodes.set(node.name, node)
  }

  #checkParent(name: string, parent: string): void {
    const kind = this.#nodes.get(parent)?.kind
    if (kind === 'source' || kind === 'processor') return
    throw new ConfigError(
      'INVALID_OPTION',
      kind === 'sink'
        ? `node ${name} reads from sink ${parent}, which nothing leaves: read from its parent`
        : `node ${name} reads from '${parent}', which is no node of this topology: add it first`,
    )
  }

  #claimTopic(topic: string, source: string): void {
    checkName('topic', topic)
    const reader = this.#read.get(topic)
    if (reader !== undefined)
      throw new ConfigError(
        'DUPLICATE_NAME',
        `topic '${topic}' is read by ${reader} already: read it once and use that stream twice`,
      )
    this.#read.set(topic, source)
  }
}
