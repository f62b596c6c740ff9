/** The partitions that a producer writes to, found fast: the next record most often goes to the topic of the last one. */
import type { ProducePartition } from './produce-partition.ts'
import type { PartitionKey } from './topic-partition.ts'
import { partitionKey } from './topic-partition.ts'

export class ProducePartitions {
  readonly #make: (topic: string, index: number) => ProducePartition
  readonly #batchBytes: number
  /** Topics whose batches were too large, and at what they are closed now. */
  readonly #limits = new Map<string, number>()
  #all = new Map<PartitionKey, ProducePartition>()
  #lastTopic: string | undefined
  #ofLast: (ProducePartition | undefined)[] = []

  /** `batchBytes`: when a batch is closed, until a topic says otherwise. */
  constructor(batchBytes: number, make: (topic: string, index: number) => ProducePartition) {
    this.#batchBytes = batchBytes
    this.#make = make
  }

  values(): Iterable<ProducePartition> {
    return this.#all.values()
  }

  has(partition: ProducePartition): boolean {
    return this.#all.get(partitionKey(partition.topic, partition.partition)) === partition
  }

  /** Made when it is new. */
  of(topic: string, index: number): ProducePartition {
    if (topic !== this.#lastTopic) {
      this.#lastTopic = topic
      this.#ofLast = []
    }
    return this.#ofLast[index] ?? this.#find(topic, index)
  }

  /** Batches of this topic are closed earlier from now on. */
  lower(topic: string, bytes: number): void {
    this.#limits.set(topic, bytes)
    for (const partition of this.#all.values())
      if (partition.topic === topic) partition.closedAt = bytes
  }

  clear(): void {
    this.#all = new Map()
    this.#lastTopic = undefined
  }

  #find(topic: string, index: number): ProducePartition {
    const key = partitionKey(topic, index)
    let partition = this.#all.get(key)
    if (partition === undefined) {
      partition = this.#make(topic, index)
      partition.closedAt = this.#limits.get(topic) ?? this.#batchBytes
      this.#all.set(key, partition)
    }
    this.#ofLast[index] = partition
    return partition
  }
}
