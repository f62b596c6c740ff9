/** A topic and its partitions: identity, configuration, who leads, the logs. */
import { encodeControlBatch } from '../../protocol/batch-writer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { TopicConfig } from './topic-config.ts'

export class Partition {
  readonly topic: Topic
  readonly index: number
  readonly log: PartitionLog
  /** Node ids that could lead, the preferred one first. */
  readonly replicas: readonly number[]
  /** Node id, -1 while none of the replicas is up. */
  leader: number
  leaderEpoch: number
  /** When retention and compaction are due; 0: at once. */
  maintainAtMs = 0

  constructor(o: {
    topic: Topic
    index: number
    log: PartitionLog
    replicas: readonly number[]
    leader: number
    leaderEpoch: number
  }) {
    this.topic = o.topic
    this.index = o.index
    this.log = o.log
    this.replicas = o.replicas
    this.leader = o.leader
    this.leaderEpoch = o.leaderEpoch
    o.log.epochs.begin(o.leaderEpoch, o.log.endOffset)
  }

  /** A new leader, or the same one again; the epoch moves in any case. */
  elect(leader: number): void {
    this.leader = leader
    this.leaderEpoch++
    if (leader >= 0) this.log.epochs.begin(this.leaderEpoch, this.log.endOffset)
  }

  append(batch: Buffer): number {
    return this.log.append(batch, this.leaderEpoch, this.topic.config.limits)
  }

  /** Ends the transaction of a producer here. */
  appendMarker(
    marker: {
      readonly producerId: number
      readonly producerEpoch: number
      readonly commit: boolean
    },
    timestampMs: number,
  ): void {
    const type = marker.commit ? 'commit' : 'abort'
    this.append(encodeControlBatch(type, timestampMs, { ...marker, coordinatorEpoch: 0 }))
  }
}

export class Topic {
  readonly name: string
  /** 32 hex digits. */
  readonly id: string
  readonly config: TopicConfig
  readonly partitions: Partition[] = []

  constructor(name: string, id: string, config: TopicConfig) {
    this.name = name
    this.id = id
    this.config = config
  }
}
