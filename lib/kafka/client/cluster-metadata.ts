/** What Metadata said, as values. */

export interface PartitionMetadata {
  readonly partition: number
  /** -1: none at the moment. */
  readonly leader: number
  /** -1: not told. */
  readonly leaderEpoch: number
  readonly replicas: number
}

export interface TopicMetadata {
  readonly name: string
  /** 32 hexadecimal digits; undefined from brokers before 2.8. */
  readonly id: string | undefined
  readonly internal: boolean
  /** Ordered by partition. */
  readonly partitions: readonly PartitionMetadata[]
}

export interface ClusterMetadata {
  readonly clusterId: string | undefined
  readonly brokers: number
  /** Topics that exist, by name; one that was asked for and is not here does not exist. */
  readonly topics: ReadonlyMap<string, TopicMetadata>
}
