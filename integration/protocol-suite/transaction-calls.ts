/** Transactional requests in short: each gives the code that matters. */
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  offsetFetch,
  txnOffsetCommit,
} from '../../lib/kafka/protocol/apis.ts'
import type { ResponseOf } from '../../lib/kafka/protocol/message-table.ts'
import type { InitializedProducer, Producer, RawKafka } from './raw-kafka.ts'

/** Sets of versions that clients use together. */
export interface Versions {
  readonly produce: number
  readonly addPartitions: number
  readonly addOffsets: number
  readonly txnOffsetCommit: number
  readonly endTxn: number
}

export const V1: Versions = {
  produce: 7,
  addPartitions: 1,
  addOffsets: 1,
  txnOffsetCommit: 3,
  endTxn: 1,
}

export const V2: Versions = {
  produce: 12,
  addPartitions: 3,
  addOffsets: 4,
  txnOffsetCommit: 5,
  endTxn: 5,
}

export interface OffsetToCommit {
  readonly topic: string
  readonly offset: number
  readonly metadata?: string
  readonly partition?: number
  readonly generationId?: number
  readonly memberId?: string
  readonly groupInstanceId?: string
}

type EndTxnAnswer = ResponseOf<typeof endTxn>

/** A code; undefined when the answer lacks its partition. */
type Code = Promise<number | undefined>

export class Transactional {
  readonly kafka: RawKafka
  readonly id: string
  readonly versions: Versions

  constructor(kafka: RawKafka, versions: Versions, id: string = kafka.name('tx')) {
    this.kafka = kafka
    this.id = id
    this.versions = versions
  }

  begin(o: { timeoutMs?: number; current?: Producer } = {}): Promise<InitializedProducer> {
    return this.kafka.producer(this.id, o)
  }

  async addPartitions(
    producer: Producer,
    topic: string,
    version: number = this.versions.addPartitions,
  ): Code {
    const { resultsByTopic } = await this.kafka.call(addPartitionsToTxn, version, {
      transactionalId: this.id,
      ...idOf(producer),
      topics: [{ name: topic, partitions: [0] }],
    })
    return resultsByTopic[0]?.resultsByPartition[0]?.partitionErrorCode
  }

  /** Over the end of the transaction before. */
  addPartitionsSoon(producer: Producer, topic: string): Code {
    return this.kafka.until(
      () => this.addPartitions(producer, topic),
      (code) => code !== 51,
    )
  }

  async addOffsets(
    producer: Producer,
    groupId: string,
    version: number = this.versions.addOffsets,
  ): Code {
    const { errorCode } = await this.kafka.call(addOffsetsToTxn, version, {
      transactionalId: this.id,
      ...idOf(producer),
      groupId,
    })
    return errorCode
  }

  async produce(
    producer: Producer,
    topic: string,
    sequence: number,
    value = 'v',
    version: number = this.versions.produce,
  ): Code {
    const { errorCode } = await this.kafka.produce(
      topic,
      { records: [{ value }], producer, sequence, transactional: true },
      { version, transactionalId: this.id },
    )
    return errorCode
  }

  async commitOffset(
    producer: Producer,
    groupId: string,
    offset: OffsetToCommit,
    version: number = this.versions.txnOffsetCommit,
  ): Code {
    const { topics } = await this.kafka.call(txnOffsetCommit, version, {
      transactionalId: this.id,
      groupId,
      ...idOf(producer),
      generationId: offset.generationId ?? -1,
      memberId: offset.memberId ?? '',
      groupInstanceId: offset.groupInstanceId ?? null,
      topics: [
        {
          name: offset.topic,
          partitions: [
            {
              partitionIndex: offset.partition ?? 0,
              committedOffset: offset.offset,
              committedMetadata: offset.metadata ?? '',
            },
          ],
        },
      ],
    })
    return topics[0]?.partitions[0]?.errorCode
  }

  end(
    producer: Producer,
    committed: boolean,
    version: number = this.versions.endTxn,
  ): Promise<EndTxnAnswer> {
    return this.kafka.call(endTxn, version, {
      transactionalId: this.id,
      ...idOf(producer),
      committed,
    })
  }

  /** Again until it is not 51. */
  endDone(
    producer: Producer,
    committed: boolean,
    version: number = this.versions.endTxn,
  ): Promise<EndTxnAnswer> {
    return this.kafka.until(
      () => this.end(producer, committed, version),
      ({ errorCode }) => errorCode !== 51,
    )
  }
}

export interface FetchedOffset {
  readonly offset: number | undefined
  readonly code: number | undefined
  readonly metadata: string | null | undefined
}

/** One partition of OffsetFetch 7. */
export async function fetchOffset(
  kafka: RawKafka,
  groupId: string,
  topic: string,
  requireStable: boolean,
): Promise<FetchedOffset> {
  const { topics } = await kafka.call(offsetFetch, 7, {
    groupId,
    topics: [{ name: topic, partitionIndexes: [0] }],
    requireStable,
  })
  const { committedOffset, errorCode, metadata } = topics[0]?.partitions[0] ?? {}
  return { offset: committedOffset, code: errorCode, metadata }
}

/** Once no transaction is open over it. */
export async function stableOffset(
  kafka: RawKafka,
  groupId: string,
  topic: string,
): Promise<number | undefined> {
  const { offset } = await kafka.until(
    () => fetchOffset(kafka, groupId, topic, true),
    ({ code }) => code !== 88,
  )
  return offset
}

function idOf({ producerId, producerEpoch }: Producer): Producer {
  return { producerId, producerEpoch }
}

/** InitProducerId once, whatever it answers. */
export async function init(
  kafka: RawKafka,
  transactionalId: string | null,
  version: number,
  current: Producer = { producerId: -1, producerEpoch: -1 },
  timeoutMs = 60_000,
): Promise<ResponseOf<typeof initProducerId>> {
  return kafka.call(initProducerId, version, {
    transactionalId,
    transactionTimeoutMs: timeoutMs,
    producerId: current.producerId,
    producerEpoch: current.producerEpoch,
  })
}
