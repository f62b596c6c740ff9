/** Topics, offsets and what else is asked of a cluster. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { PartitionKey, TopicPartition } from './topic-partition.ts'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicConfig {
  readonly value: string | null
  /** Set for the topic itself, not inherited. */
  readonly own: boolean
}

export interface ListedOffset {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface AdminOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  /** How long retriable answers are retried before a RetriableError; one minute. */
  readonly timeoutMs?: number
}

export declare class Admin {
  constructor(options: AdminOptions)
  /** Resolves when every topic is there and has leaders; tells which existed before. */
  createTopics(topics: readonly NewTopic[]): Promise<ReadonlyMap<string, 'created' | 'existed'>>
  deleteTopics(names: readonly string[]): Promise<void>
  /** By topic, then by name; undefined for a topic when its configuration may not be read. */
  describeTopicConfigs(
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, TopicConfig> | undefined>>
  /** `'latest'` is the high watermark, `'stable'` the last stable offset, a number a timestamp (offset -1: nothing that late). */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | 'stable' | number,
  ): Promise<ReadonlyMap<PartitionKey, ListedOffset>>
  /** Where that epoch ends; offset -1: the broker has forgotten it. */
  offsetsForLeaderEpoch(
    partitions: readonly (TopicPartition & { readonly leaderEpoch: number })[],
  ): Promise<
    ReadonlyMap<PartitionKey, { readonly leaderEpoch: number; readonly endOffset: number }>
  >
  /** Deletes below each offset (-1: all); resolves to the new start offsets. A partition that does not allow it is left out. */
  deleteRecords(
    partitions: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<ReadonlyMap<PartitionKey, number>>
}
