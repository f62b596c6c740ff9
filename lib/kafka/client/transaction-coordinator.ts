/**
 * The five requests of a transaction, each repeated until it is decided. Knows which of them an
 * answer was lost to; not what may be asked when.
 *
 * Three ways to run a transaction (DESIGN §7.8): V1, where one epoch serves many transactions and a
 * late request of one lands in the next; V2, where each has its own epoch and partitions are added
 * by the first Produce; and V2 with partitions added explicitly, for transactions back to back.
 */
import type { Logger } from '../../core/logger.ts'
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  offsetFetch,
  produce,
  txnOffsetCommit,
} from '../protocol/apis.ts'
import type { Api } from '../protocol/message-table.ts'
import type { NodeVersions } from '../transport.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { CoordinatorRequest, Decided } from './coordinator-request.ts'
import { askCoordinator } from './coordinator-request.ts'
import { failureOf, isTransientError } from './failures.ts'
import type { GroupFence, OffsetToCommit } from './group-fence.ts'
import { codesOf, whereOf } from './group-offsets.ts'
import type { VersionLimits } from './negotiation.ts'
import { negotiate, speaks } from './negotiation.ts'
import type { ProducerIdentity } from './produce-batch.ts'
import { reactionTo } from './reactions.ts'
import type { TopicPartition } from './topic-partition.ts'
import { byTopic } from './topic-partition.ts'

export type TransactionVersion = 'v1' | 'v2'

const FEATURE = 'transaction.version'
const V2_LEVEL = 2
/** A broker answers these as V2 whatever is finalized, so under V1 they are not offered. */
const V2_FROM = { produce: 12, txnOffsetCommit: 5, endTxn: 5 } as const
/** It names the refused record; brokers have it since 2.4. */
const PRODUCE_MIN = 8
const OFFSETS_WITH_GENERATION = 3
const INIT_WITH_ID = 3
const STABLE_OFFSETS = 7
/** Between brokers; who speaks it verifies that late requests belong to an open transaction (3.6). */
const VERIFYING_ADD_PARTITIONS = 4
/** After a commit, V2 answers the next Produce only once its markers are written (22 ms). */
export const MARKERS_SETTLE_MS = 25

export const NOBODY: ProducerIdentity = { producerId: -1, producerEpoch: -1 }

export interface TransactionCoordinatorOptions {
  readonly client: ClusterClient
  readonly logger: Logger
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** How long a request that is refused for the moment is repeated. */
  readonly patienceMs: number
  readonly onUnanswered: (reason: unknown) => void
}

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  #version: TransactionVersion = 'v1'
  #isVerified = true
  #warned = false

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
  }

  get version(): TransactionVersion {
    return this.#version
  }

  /** Whether brokers refuse late requests of a finished transaction; before 3.6 they hang in the log. */
  get isVerified(): boolean {
    return this.#isVerified
  }

  get produceVersions(): VersionLimits {
    return this.#version === 'v2'
      ? { minVersion: V2_FROM.produce }
      : { minVersion: PRODUCE_MIN, maxVersion: V2_FROM.produce - 1 }
  }

  /** Learns what the cluster speaks. Throws ConfigError `CLUSTER_TOO_OLD` below Kafka 2.5. */
  async learn(): Promise<void> {
    const { client, logger, transactionalId } = this.#options
    const versions = await this.#versionsOf(transactionalId)
    negotiate(initProducerId, versions, { minVersion: INIT_WITH_ID })
    negotiate(txnOffsetCommit, versions, { minVersion: OFFSETS_WITH_GENERATION })
    negotiate(offsetFetch, versions, { minVersion: STABLE_OFFSETS })
    const isFinalized = (versions.features.get(FEATURE) ?? 0) >= V2_LEVEL
    const isSpoken =
      speaks(versions, produce, V2_FROM.produce) &&
      speaks(versions, txnOffsetCommit, V2_FROM.txnOffsetCommit) &&
      speaks(versions, endTxn, V2_FROM.endTxn)
    this.#version = isFinalized && isSpoken ? 'v2' : 'v1'
    // Either sign will do: the feature came later, and not every broker shows what it speaks to others.
    this.#isVerified =
      versions.features.has(FEATURE) ||
      speaks(versions, addPartitionsToTxn, VERIFYING_ADD_PARTITIONS)
    logger.debug(
      { transactionalId, version: this.#version },
      'transactions as the cluster has them',
    )
    if (this.#isVerified || this.#warned || client.closing.aborted) return
    this.#warned = true
    logger.warn(
      { transactionalId },
      'brokers before Kafka 3.6 may leave transactions hanging after lost requests: such transactions are aborted and done again; upgrade the cluster',
    )
  }

  /** A new identity: from nobody, or the next epoch of ours. Aborts what is open. */
  async init(from: ProducerIdentity, signal?: AbortSignal): Promise<ProducerIdentity> {
    const { transactionalId, transactionTimeoutMs } = this.#options
    const request = { transactionalId, transactionTimeoutMs, ...from }
    const { answer, code } = await this.#ask(
      initProducerId,
      request,
      ({ errorCode }) => [errorCode],
      { call: { minVersion: INIT_WITH_ID }, signal },
    )
    if (reactionTo(code) !== 'none')
      throw failureOf(code, `InitProducerId of transactional id ${transactionalId}`)
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async addPartitions(
    identity: ProducerIdentity,
    partitions: readonly TopicPartition[],
  ): Promise<void> {
    const { transactionalId } = this.#options
    const topics = byTopic(partitions).map(({ topic, items }) => ({
      name: topic,
      partitions: items.map(({ partition }) => partition),
    }))
    const { code } = await this.#ask(
      addPartitionsToTxn,
      { transactionalId, ...identity, topics },
      ({ resultsByTopic }) =>
        resultsByTopic.flatMap(({ resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
        ),
    )
    if (reactionTo(code) !== 'none')
      throw failureOf(code, `AddPartitionsToTxn of transactional id ${transactionalId}`)
  }

  /** V1 only: announces that offsets of the group will follow. */
  async addOffsets(identity: ProducerIdentity, groupId: string): Promise<void> {
    const { transactionalId } = this.#options
    const { code } = await this.#ask(
      addOffsetsToTxn,
      { transactionalId, ...identity, groupId },
      ({ errorCode }) => [errorCode],
    )
    if (reactionTo(code) !== 'none')
      throw failureOf(code, `AddOffsetsToTxn of transactional id ${transactionalId}`)
  }

  async commitOffsets(
    identity: ProducerIdentity,
    fence: GroupFence,
    offsets: readonly OffsetToCommit[],
  ): Promise<void> {
    const { client, transactionalId, transactionTimeoutMs, onUnanswered } = this.#options
    const { groupId, generation, memberId, instanceId } = fence
    const { answer, code } = await askCoordinator(client, {
      kind: 'group',
      key: groupId,
      api: txnOffsetCommit,
      request: {
        transactionalId,
        groupId,
        ...identity,
        generationId: generation,
        memberId,
        groupInstanceId: instanceId ?? null,
        topics: byTopic(offsets).map(({ topic, items }) => ({
          name: topic,
          partitions: items.map((item) => ({
            partitionIndex: item.partition,
            committedOffset: item.offset,
            committedLeaderEpoch: item.leaderEpoch ?? -1,
            committedMetadata: item.metadata,
          })),
        })),
      },
      codes: codesOf,
      call:
        this.#version === 'v2'
          ? { minVersion: V2_FROM.txnOffsetCommit }
          : { minVersion: OFFSETS_WITH_GENERATION, maxVersion: V2_FROM.txnOffsetCommit - 1 },
      // Afterwards the broker has aborted the transaction.
      patienceMs: transactionTimeoutMs,
      onUnanswered,
    })
    if (reactionTo(code) !== 'none')
      throw failureOf(code, `TxnOffsetCommit of group ${groupId}${whereOf(answer, code)}`)
  }

  /** The same request until it is decided or the signal aborts; then RetriableError. */
  end(
    identity: ProducerIdentity,
    committed: boolean,
    signal: AbortSignal | undefined,
    onRepeat: () => void,
  ): Promise<Decided<typeof endTxn>> {
    const { transactionalId, patienceMs, onUnanswered } = this.#options
    return this.#ask(
      endTxn,
      { transactionalId, ...identity, committed },
      ({ errorCode }) => [errorCode],
      {
        call:
          this.#version === 'v2'
            ? { minVersion: V2_FROM.endTxn }
            : { maxVersion: V2_FROM.endTxn - 1 },
        patienceMs: committed ? Infinity : patienceMs,
        signal,
        onRefused: onRepeat,
        onUnanswered: (reason) => {
          onRepeat()
          onUnanswered(reason)
        },
      },
    )
  }

  #ask<A extends Api>(
    api: A,
    request: CoordinatorRequest<A>['request'],
    codes: CoordinatorRequest<A>['codes'],
    more: Partial<CoordinatorRequest<A>> = {},
  ): Promise<Decided<A>> {
    const { client, transactionalId, patienceMs, onUnanswered } = this.#options
    return askCoordinator<A>(client, {
      kind: 'transaction',
      key: transactionalId,
      api,
      request,
      codes,
      patienceMs,
      onUnanswered,
      ...more,
    })
  }

  async #versionsOf(transactionalId: string): Promise<NodeVersions> {
    const { client, patienceMs } = this.#options
    const backoff = client.backoff()
    const until = client.clock.monotonic() + patienceMs
    for (;;) {
      const node = await client.coordinator('transaction', transactionalId)
      try {
        return await client.versions('coordinator', node)
      } catch (reason) {
        const isOver = client.closing.aborted || client.clock.monotonic() >= until
        if (isOver || !isTransientError(reason)) throw reason
        client.forgetCoordinator('transaction', transactionalId)
        await backoff.wait(client.closing)
      }
    }
  }
}
