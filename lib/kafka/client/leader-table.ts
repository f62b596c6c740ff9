/**
 * What the last Metadata answers said: nodes, topics, leaders. Answers, never asks.
 *
 * 1. Entries carry the stamp of the request that brought them, so that one can tell whether they
 *    are newer than a connection.
 * 2. The first id under which a topic was seen is kept: the same name with another id is another
 *    topic, and whoever reads or writes it must be told.
 */
import type { NodeAddress } from '../transport.ts'
import type { ClusterMetadata, PartitionMetadata, TopicMetadata } from './cluster-metadata.ts'

export interface Leader {
  readonly node: number
  /** -1: not told. */
  readonly epoch: number
}

export type TopicStanding = 'unknown' | 'known' | 'missing' | 'recreated'

interface Entry {
  readonly topic: TopicMetadata | undefined
  readonly leaders: readonly (PartitionMetadata | undefined)[]
  readonly stamp: number
}

export class LeaderTable {
  readonly #addresses = new Map<number, NodeAddress>()
  readonly #topics = new Map<string, Entry>()
  readonly #ids = new Map<string, string>()
  #nodes: readonly number[] = []
  #controller = -1

  /** Ids of the nodes of the last answer, in its order. */
  get nodes(): readonly number[] {
    return this.#nodes
  }

  /** -1: not told. */
  get controller(): number {
    return this.#controller
  }

  address(node: number): NodeAddress | undefined {
    return this.#addresses.get(node)
  }

  /** A node that another answer named, such as a coordinator. */
  learnNode(node: number, address: NodeAddress): void {
    this.#addresses.set(node, address)
  }

  /** The whole of an answer; topics that were asked for and are not there are missing. */
  learn(
    answer: ClusterMetadata,
    nodes: ReadonlyMap<number, NodeAddress>,
    controller: number,
    asked: readonly string[],
    stamp: number,
  ): void {
    for (const [node, address] of nodes) this.#addresses.set(node, address)
    this.#nodes = [...nodes.keys()]
    this.#controller = controller
    for (const name of asked)
      if (!answer.topics.has(name)) this.#topics.set(name, { topic: undefined, leaders: [], stamp })
    for (const topic of answer.topics.values()) {
      const leaders: PartitionMetadata[] = []
      for (const partition of topic.partitions) leaders[partition.partition] = partition
      this.#topics.set(topic.name, { topic, leaders, stamp })
      if (topic.id !== undefined && !this.#ids.has(topic.name)) this.#ids.set(topic.name, topic.id)
    }
  }

  /** Undefined: not known, or none at the moment. */
  leader(topic: string, partition: number): Leader | undefined {
    const entry = this.#topics.get(topic)?.leaders[partition]
    if (entry === undefined || entry.leader < 0) return undefined
    return { node: entry.leader, epoch: entry.leaderEpoch }
  }

  /** When what is known of a topic was asked for; 0: nothing is known. */
  stampOf(topic: string): number {
    return this.#topics.get(topic)?.stamp ?? 0
  }

  standing(name: string): TopicStanding {
    const entry = this.#topics.get(name)
    if (entry === undefined) return 'unknown'
    if (entry.topic === undefined) return 'missing'
    const first = this.#ids.get(name)
    return first === undefined || first === entry.topic.id ? 'known' : 'recreated'
  }

  /** We deleted it ourselves: what comes under its name is welcome. */
  forget(topic: string): void {
    this.#topics.delete(topic)
    this.#ids.delete(topic)
  }
}
