/**
 * Writes records and offsets in transactions of one transactional id (DESIGN §8).
 * 1. A transaction begins with its first request. Any code but 0, of any partition, forbids its
 *    commit; then only `end('abort')` helps.
 * 2. Every transaction with records has offsets of at least one partition: its only fence.
 * 3. An EndTxn without an answer is repeated with the same epoch until it is decided. Under V1 the
 *    next transaction begins after InitProducerId once any answer was lost: the request may still
 *    arrive, and would land in it.
 * 4. Producer id and epoch are taken from every answer that has them; when either changes,
 *    sequences begin again.
 */
import type { Chars } from '../../core/bytes.ts'
import type { StreamsError } from '../../core/errors.ts'
import { ConfigError, FatalError, isStreamsError, RetriableError } from '../../core/errors.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { RecordMetadata } from '../../core/record.ts'
import type { GroupFence, OffsetToCommit } from './group-fence.ts'
import { assertFences, unfenced } from './group-fence.ts'
import { NOTHING, type OpenTransaction } from './open-transaction.ts'
import { PartitionAdder } from './partition-adder.ts'
import type { ProducerIdentity } from './produce-batch.ts'
import { ProduceSender } from './produce-sender.ts'
import type { EndOffset, ProducerOptions } from './producer-options.ts'
import { withDefaults } from './producer-options.ts'
import type { PartitionKey } from './topic-partition.ts'
import { MARKERS_SETTLE_MS, NOBODY, TransactionCoordinator } from './transaction-coordinator.ts'
import type { Outcome } from './transaction-end.ts'
import { abortWhatIsOpen, commitUntilDecided } from './transaction-end.ts'
import { Waiters } from './waiters.ts'

export type { EndOffset } from './producer-options.ts'

export interface TransactionalProducerOptions extends ProducerOptions {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
}

type Phase = 'unclaimed' | 'ready' | 'ending' | 'undecided' | 'closed'

export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions
  readonly #coordinator: TransactionCoordinator
  readonly #sender: ProduceSender
  readonly #adder: PartitionAdder
  readonly #waiters = new Waiters()
  #identity: ProducerIdentity = NOBODY
  #phase: Phase = 'unclaimed'
  /** What forbids the commit of this transaction. */
  #failure: StreamsError | undefined
  #transaction: OpenTransaction = { ...NOTHING }
  #endedAt = -Infinity

  constructor(options: TransactionalProducerOptions) {
    this.#options = options
    const { client, logger, transactionalId, transactionTimeoutMs } = options
    this.#coordinator = new TransactionCoordinator({
      client,
      logger,
      transactionalId,
      transactionTimeoutMs,
      patienceMs: withDefaults(options).deliveryTimeoutMs,
      onUnanswered: (reason) => this.#onUnanswered(reason),
    })
    this.#adder = new PartitionAdder(
      (partitions) => this.#coordinator.addPartitions(this.#identity, partitions),
      (error) => (error === undefined ? this.#sender.pump() : this.#fail(error)),
    )
    this.#sender = new ProduceSender(options, {
      transactionalId,
      identity: () => this.#identity,
      versions: () => this.#coordinator.produceVersions,
      admits: (partition) => this.#failure === undefined && this.#adder.admits(partition),
      onUnanswered: (reason) => this.#onUnanswered(reason),
      onProgress: () => this.#waiters.wake(),
      onRefused: ({ error }) => this.#fail(error),
      onSpoiled: (error) => this.#fail(error),
      onFailed: (error) => this.#fail(error),
    })
  }

  /** Something was sent, or waits to be, since the last `end`. */
  get inTransaction(): boolean {
    return this.#transaction.hasRecords || this.#transaction.hasOffsets
  }

  /** Not acknowledged yet. */
  get bufferedBytes(): number {
    return this.#sender.bytes
  }

  /**
   * InitProducerId(-1, -1): takes the id from whoever has it. Only after membership was gained, or
   * a process that was replaced would take it back. Throws ConfigError `CLUSTER_TOO_OLD` below 2.5.
   */
  async claim(signal?: AbortSignal): Promise<void> {
    this.#assertOpen()
    await this.#coordinator.learn()
    await this.#begin(NOBODY, signal)
  }

  /**
   * Aborts what is open, then InitProducerId with the present identity: a clean producer. Throws
   * TaskMigratedError `FENCED` when another has the id; before 4.0 also after our own timeout.
   */
  async recover(signal?: AbortSignal): Promise<void> {
    this.#assertOpen()
    if (this.#identity.producerId < 0)
      throw new FatalError('INTERNAL', 'a producer is recovered only once it was claimed')
    await this.#begin(this.#identity, signal)
  }

  /** Copies key, value and `origin`, which comes back in a RefusedRecordError. */
  send(
    topic: string,
    partition: number,
    key: Chars | null,
    value: Chars | null,
    timestamp: number,
    headers?: RecordHeaders,
    origin?: RecordMetadata,
  ): void {
    this.#assertReady('records were sent')
    // Lost in any case: whoever flushes is told why.
    if (this.#failure !== undefined) return
    if (!this.inTransaction) this.#start()
    this.#transaction.hasRecords = true
    this.#sender.append(topic, partition, key, value, timestamp, headers, origin)
  }

  /** Sends what is buffered, without waiting for batches to fill or for answers. */
  push(): void {
    if (this.#phase === 'ready' && this.#failure === undefined) this.#sender.push()
  }

  /** Resolves once fewer bytes than that are unacknowledged; rejects as `flush`. */
  async drain(belowBytes: number): Promise<void> {
    while (this.#failure === undefined && this.#sender.bytes >= belowBytes)
      await this.#waiters.wait(this.#options.clock, Infinity)
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Every record acknowledged. Rejects with RefusedRecordError, RetriableError, FatalError, and
   * TaskMigratedError `FENCED`: replaced, or timed out? `end('abort')` finds out.
   */
  async flush(): Promise<void> {
    this.#assertReady('records were flushed')
    this.push()
    await this.drain(1)
  }

  /** Behind our last record of each partition, in this transaction or the last one. */
  endOffsets(): ReadonlyMap<PartitionKey, EndOffset> {
    return this.#sender.ends
  }

  /**
   * Offsets into the transaction, under a fence captured with the records. Throws TaskMigratedError
   * `GENERATION_ENDED`, and whatever `flush` throws.
   */
  async sendOffsets(fence: GroupFence, offsets: readonly OffsetToCommit[]): Promise<void> {
    this.#assertReady('offsets were committed')
    if (this.#failure !== undefined) throw this.#failure
    try {
      assertFences(fence)
      if (offsets.length === 0) throw unfenced(this.#options.transactionalId)
      if (this.#sender.bytes > 0)
        throw new FatalError('INTERNAL', 'offsets were committed before their records were flushed')
      if (!this.inTransaction) this.#start()
      this.#transaction.hasOffsets = true
      if (this.#coordinator.version === 'v1' && !this.#transaction.hasGroup) {
        await this.#coordinator.addOffsets(this.#identity, fence.groupId)
        this.#transaction.hasGroup = true
      }
      await this.#coordinator.commitOffsets(this.#identity, fence, offsets)
    } catch (reason) {
      if (isStreamsError(reason)) this.#fail(reason)
      throw reason
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * `'commit'`: the same EndTxn until it is decided or the signal aborts. Resolves to `'aborted'` when
   * it certainly was not committed, to `'unknown'` when only the committed offsets can tell; `recover`
   * comes next after both. Throws what forbids the commit.
   *
   * `'abort'`: drops what is buffered and leaves a clean producer. Throws TaskMigratedError `FENCED`
   * when another process has the id.
   */
  async end(outcome: 'commit' | 'abort', signal?: AbortSignal): Promise<Outcome> {
    this.#assertOpen()
    if (outcome === 'abort') {
      const isClean = this.#phase === 'ready' && !this.inTransaction && this.#failure === undefined
      if (!isClean) await this.recover(signal)
      return 'aborted'
    }
    this.#assertReady('a transaction was committed')
    if (this.#failure !== undefined) throw this.#failure
    if (!this.inTransaction) return 'committed'
    if (!this.#transaction.hasOffsets) throw unfenced(this.#options.transactionalId)
    return this.#commit(signal)
  }

  /** Nothing is sent any more; an open transaction times out, or the next claim aborts it. */
  async close(): Promise<void> {
    this.#phase = 'closed'
    this.#sender.reset()
    this.#failure ??= new RetriableError('TRANSACTION_ABORTED', 'the producer is closed')
    this.#waiters.wake()
  }

  async #commit(signal: AbortSignal | undefined): Promise<Outcome> {
    const { client, logger, transactionalId } = this.#options
    this.#phase = 'ending'
    const ending = await commitUntilDecided(
      this.#coordinator,
      this.#identity,
      client.backoff(),
      signal,
    )
    if (ending.outcome === 'committed') {
      await this.#committed(ending.next ?? this.#identity, signal)
      return 'committed'
    }
    const { outcome, error } = ending
    this.#phase = 'undecided'
    if (error?.reaction === 'stop' || error?.reaction === 'refuse') throw error
    logger.warn({ err: error, transactionalId, outcome }, 'a transaction was not acknowledged')
    return outcome
  }

  /** The commit stands, whatever happens here: what fails is thrown by the next transaction. */
  async #committed(next: ProducerIdentity, signal: AbortSignal | undefined): Promise<void> {
    const { lostAnswer } = this.#transaction
    this.#reset(next)
    this.#endedAt = this.#options.clock.monotonic()
    if (this.#coordinator.version === 'v2' || !lostAnswer) return
    try {
      this.#reset(await this.#coordinator.init(this.#identity, signal))
    } catch (reason) {
      if (!isStreamsError(reason)) throw reason
      this.#failure = reason
    }
  }

  async #begin(from: ProducerIdentity, signal: AbortSignal | undefined): Promise<void> {
    const mayBeOpen = from !== NOBODY && (this.inTransaction || this.#phase === 'undecided')
    this.#phase = 'undecided'
    this.#sender.reset()
    if (mayBeOpen) this.#identity = await abortWhatIsOpen(this.#coordinator, from, signal)
    const identity = await this.#coordinator.init(mayBeOpen ? this.#identity : from, signal)
    this.#assertOpen()
    this.#reset(identity)
    this.#endedAt = -Infinity
  }

  /** A clean producer between two transactions. */
  #reset(identity: ProducerIdentity): void {
    const { producerId, producerEpoch } = identity
    const isSame =
      producerId === this.#identity.producerId && producerEpoch === this.#identity.producerEpoch
    // Sequences count within an identity: they go on only where it does.
    if (!isSame || this.#phase === 'undecided') this.#sender.reset()
    this.#identity = { producerId, producerEpoch }
    this.#adder.reset(false)
    this.#phase = 'ready'
    this.#failure = undefined
    this.#transaction = { ...NOTHING }
  }

  #start(): void {
    const isSoon = this.#options.clock.monotonic() - this.#endedAt < MARKERS_SETTLE_MS
    this.#adder.reset(this.#coordinator.version === 'v1' || isSoon)
    this.#sender.forgetEnds()
  }

  #onUnanswered(reason: unknown): void {
    this.#transaction.lostAnswer = true
    if (this.#coordinator.isVerified || this.#phase !== 'ready') return
    const said = 'an answer was lost, and brokers before Kafka 3.6 may leave the request hanging'
    this.#fail(new RetriableError('TRANSACTION_ABORTED', said, { cause: reason }))
  }

  #fail(error: StreamsError): void {
    this.#failure ??= error
    this.#waiters.wake()
  }

  #assertOpen(): void {
    if (this.#phase === 'closed') throw new ConfigError('STOPPED', 'the producer is closed')
  }

  #assertReady(what: string): void {
    if (this.#phase === 'ready') return
    this.#assertOpen()
    throw new FatalError('INTERNAL', `${what} while the producer was ${this.#phase}`)
  }
}
