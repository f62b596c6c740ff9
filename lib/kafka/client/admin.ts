/**
 * What is asked of a cluster besides reading and writing: topics and their settings, where logs
 * begin and end, who holds a partition up, and the deletion of records that nobody needs.
 */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import {
  deleteRecords,
  describeProducers,
  listOffsets,
  offsetForLeaderEpoch,
} from '../protocol/apis.ts'
import type { ClusterClient } from './cluster-client.ts'
import { failureOf } from './failures.ts'
import type { Told } from './leader-requests.ts'
import { askLeaders } from './leader-requests.ts'
import { reactionTo } from './reactions.ts'
import type { NewTopic, TopicConfig } from './topic-admin.ts'
import { TopicAdmin } from './topic-admin.ts'
import type { PartitionKey, TopicPartition } from './topic-partition.ts'
import { byTopic, partitionKey } from './topic-partition.ts'

export type { NewTopic, TopicConfig } from './topic-admin.ts'

export interface ListedOffset {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface EpochEnd {
  readonly leaderEpoch: number
  readonly endOffset: number
}

/** A transaction that holds the last stable offset of a partition back. */
export interface OpenTransactionInfo {
  readonly producerId: number
  readonly startOffset: number
}

export interface AdminOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  /** How long answers that may change are asked for again before a RetriableError; one minute. */
  readonly timeoutMs?: number
}

const PATIENCE_MS = 60_000
const EARLIEST = -2
const LATEST = -1
const WITH_ISOLATION = 2
const READ_COMMITTED = 1
/** We ask as consumers do. */
const NO_REPLICA = -1

export class Admin {
  readonly #client: ClusterClient
  readonly #logger: Logger
  readonly #patienceMs: number
  readonly #topics: TopicAdmin

  constructor(options: AdminOptions) {
    this.#client = options.client
    this.#logger = options.logger
    this.#patienceMs = options.timeoutMs ?? PATIENCE_MS
    this.#topics = new TopicAdmin(this.#client, this.#patienceMs)
  }

  /** Resolves when every topic is there and has leaders; tells which existed before. */
  async createTopics(
    topics: readonly NewTopic[],
  ): Promise<ReadonlyMap<string, 'created' | 'existed'>> {
    return topics.length === 0 ? new Map() : this.#topics.create(topics)
  }

  /** Resolves when none of them is there any more. */
  async deleteTopics(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#topics.delete(names)
  }

  /** By topic, then by name; undefined for a topic whose settings we may not read. */
  async describeTopicConfigs(
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, TopicConfig> | undefined>> {
    return topics.length === 0 ? new Map() : this.#topics.configs(topics)
  }

  /**
   * `'latest'` is the high watermark, `'stable'` the last stable offset, a number the first record of
   * that time or later (offset -1: there is none).
   */
  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | 'stable' | number,
  ): Promise<ReadonlyMap<PartitionKey, ListedOffset>> {
    const timestamp = typeof at === 'number' ? at : at === 'earliest' ? EARLIEST : LATEST
    const isolationLevel = at === 'stable' ? READ_COMMITTED : 0
    const answers = await askLeaders(this.#client, {
      what: 'ListOffsets',
      items: partitions,
      patienceMs: this.#patienceMs,
      ask: async (node, items) => {
        const topics = byTopic(items).map(({ topic, items: of }) => ({
          name: topic,
          partitions: of.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
        }))
        const request = { isolationLevel, topics }
        const options = { minVersion: WITH_ISOLATION }
        const answer = await this.#client.call(listOffsets, { node }, 'admin', request, options)
        return collect(answer.topics, (told) => {
          const { partitionIndex, errorCode, offset, timestamp: time, leaderEpoch } = told
          return [partitionIndex, errorCode, { offset, timestamp: time, leaderEpoch }]
        })
      },
    })
    return accepted('ListOffsets', answers)
  }

  /** Where an epoch ends; -1: the broker has forgotten it. */
  async offsetsForLeaderEpoch(
    partitions: readonly (TopicPartition & { readonly leaderEpoch: number })[],
  ): Promise<ReadonlyMap<PartitionKey, EpochEnd>> {
    const answers = await askLeaders(this.#client, {
      what: 'OffsetForLeaderEpoch',
      items: partitions,
      patienceMs: this.#patienceMs,
      ask: async (node, items) => {
        const topics = byTopic(items).map(({ topic, items: of }) => ({
          topic,
          partitions: of.map(({ partition, leaderEpoch }) => ({ partition, leaderEpoch })),
        }))
        const request = { replicaId: NO_REPLICA, topics }
        const answer = await this.#client.call(offsetForLeaderEpoch, { node }, 'admin', request)
        const told = answer.topics.map(({ topic, partitions: of }) => ({
          name: topic,
          partitions: of,
        }))
        return collect(told, ({ partition, errorCode, leaderEpoch, endOffset }) => {
          return [partition, errorCode, { leaderEpoch, endOffset }]
        })
      },
    })
    return accepted('OffsetForLeaderEpoch', answers)
  }

  /**
   * Deletes below each offset (-1: all); resolves to where the logs begin now. A partition that does
   * not allow it, or has no such offset, is left out.
   */
  async deleteRecords(
    partitions: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<ReadonlyMap<PartitionKey, number>> {
    const answers = await askLeaders(this.#client, {
      what: 'DeleteRecords',
      items: partitions,
      patienceMs: this.#patienceMs,
      ask: async (node, items) => {
        const topics = byTopic(items).map(({ topic, items: of }) => ({
          name: topic,
          partitions: of.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
        }))
        const request = { topics, timeoutMs: this.#client.requestTimeoutMs }
        const answer = await this.#client.call(deleteRecords, { node }, 'admin', request)
        return collect(answer.topics, (told) => [
          told.partitionIndex,
          told.errorCode,
          told.lowWatermark,
        ])
      },
    })
    const starts = new Map<PartitionKey, number>()
    for (const [key, { code, value }] of answers) {
      const reaction = reactionTo(code)
      if (reaction === 'none') starts.set(key, value)
      else if (reaction === 'config' || reaction === 'range')
        this.#logger.debug({ partition: key, code }, 'records were not deleted')
      else throw failureOf(code, `DeleteRecords of ${key}`)
    }
    return starts
  }

  /** Per partition the transaction that began first and is still open; brokers before 2.8 do not tell. */
  async openTransactions(
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<PartitionKey, OpenTransactionInfo>> {
    const answers = await askLeaders(this.#client, {
      what: 'DescribeProducers',
      items: partitions,
      patienceMs: this.#patienceMs,
      ask: async (node, items) => {
        const topics = byTopic(items).map(({ topic, items: of }) => ({
          name: topic,
          partitionIndexes: of.map(({ partition }) => partition),
        }))
        const answer = await this.#client.call(describeProducers, { node }, 'admin', { topics })
        return collect(answer.topics, (told) => [
          told.partitionIndex,
          told.errorCode,
          told.activeProducers,
        ])
      },
    })
    const open = new Map<PartitionKey, OpenTransactionInfo>()
    for (const [key, producers] of accepted('DescribeProducers', answers))
      for (const { producerId, currentTxnStartOffset } of producers) {
        const first = open.get(key)?.startOffset ?? Infinity
        if (currentTxnStartOffset >= 0 && currentTxnStartOffset < first)
          open.set(key, { producerId, startOffset: currentTxnStartOffset })
      }
    return open
  }
}

/** An answer by topic and partition as one by key. */
function collect<P, R>(
  topics: readonly { readonly name: string; readonly partitions: readonly P[] }[],
  read: (told: P) => readonly [partition: number, code: number, value: R],
): Map<PartitionKey, Told<R>> {
  const answers = new Map<PartitionKey, Told<R>>()
  for (const { name, partitions } of topics)
    for (const told of partitions) {
      const [partition, code, value] = read(told)
      answers.set(partitionKey(name, partition), { code, value })
    }
  return answers
}

/** The values, when every code is 0. */
function accepted<R>(
  what: string,
  answers: ReadonlyMap<PartitionKey, Told<R>>,
): Map<PartitionKey, R> {
  const values = new Map<PartitionKey, R>()
  for (const [key, { code, value }] of answers) {
    if (reactionTo(code) !== 'none') throw failureOf(code, `${what} of ${key}`)
    values.set(key, value)
  }
  return values
}
