/** All topics of a cluster: made, grown, deleted, and found again after a restart. */
import type { Random } from '../../../core/random.ts'
import { PartitionLog } from '../log/partition-log.ts'
import type { Nodes } from '../nodes.ts'
import type { BrokerStorage, Document } from '../storage/broker-storage.ts'
import { Partition, Topic } from './topic.ts'
import { TopicConfig } from './topic-config.ts'

/** A topic as it is kept. */
interface KeptTopic extends Document {
  readonly id: string
  readonly config: readonly (readonly [string, string])[]
  readonly partitions: readonly { readonly replicas: readonly number[]; readonly epoch: number }[]
}

/** At a restart the leader is lost and found again: two epochs, as on a real cluster. */
const EPOCHS_PER_RESTART = 2

export class TopicCatalog {
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly #nodes: Nodes
  readonly #random: Random
  readonly #storage: BrokerStorage

  constructor(o: { nodes: Nodes; random: Random; storage: BrokerStorage }) {
    this.#nodes = o.nodes
    this.#random = o.random
    this.#storage = o.storage
    for (const [name, document] of o.storage.documents('topic'))
      this.#reopen(name, document as KeptTopic)
  }

  /** In the order of their names. */
  get topics(): readonly Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, index: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[index]
  }

  create(name: string, partitions: number, replicationFactor: number, config: TopicConfig): Topic {
    const topic = new Topic(name, this.#random.bytes(16).toString('hex'), config)
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    this.grow(topic, partitions, replicationFactor)
    return topic
  }

  /** Adds partitions until there are `count`. */
  grow(topic: Topic, count: number, replicationFactor: number): void {
    for (let index = topic.partitions.length; index < count; index++)
      this.#addPartition(topic, index, this.#nodes.replicasOf(index, replicationFactor), 0)
    this.keep(topic)
  }

  delete(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    this.#storage.remove('topic', topic.name)
    for (const partition of topic.partitions) partition.log.remove()
  }

  /** Writes down what changed in a topic's configuration, leaders or partitions. */
  keep(topic: Topic): void {
    const kept: KeptTopic = {
      id: topic.id,
      config: [...topic.config.given],
      partitions: topic.partitions.map(({ replicas, leaderEpoch }) => ({
        replicas,
        epoch: leaderEpoch,
      })),
    }
    this.#storage.put('topic', topic.name, kept)
  }

  /** Elects new leaders after a node went or came. */
  elect(changed: number, up: boolean): void {
    for (const topic of this.#byName.values())
      for (const partition of topic.partitions)
        if (
          up
            ? partition.leader < 0 && partition.replicas.includes(changed)
            : partition.leader === changed
        )
          partition.elect(this.#nodes.leaderAmong(partition.replicas))
  }

  close(): void {
    for (const topic of this.#byName.values())
      for (const partition of topic.partitions) partition.log.close()
  }

  #reopen(name: string, kept: KeptTopic): void {
    const topic = new Topic(name, kept.id, new TopicConfig(kept.config))
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    for (const [index, { replicas, epoch }] of kept.partitions.entries())
      this.#addPartition(topic, index, replicas, epoch + EPOCHS_PER_RESTART)
    this.keep(topic)
  }

  #addPartition(
    topic: Topic,
    index: number,
    replicas: readonly number[],
    leaderEpoch: number,
  ): void {
    const kept = this.#storage.openLog(topic.id, index)
    const log = new PartitionLog(kept?.file)
    if (kept !== undefined) log.load(kept.batches, kept.startOffset, topic.config.limits)
    const leader = this.#nodes.leaderAmong(replicas)
    topic.partitions.push(new Partition({ topic, index, log, replicas, leader, leaderEpoch }))
  }
}
