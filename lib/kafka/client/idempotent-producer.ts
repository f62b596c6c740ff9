/**
 * Writes at least once, outside of transactions: in order, repeated until acknowledged, and without
 * doubling what the broker has already taken while its producer id lives.
 *
 * 1. A refused record is taken out and told; everything else is sent all the same.
 * 2. When sequences are of no use any more (the broker forgot the producer), a new id numbers all
 *    that is not acknowledged again: some of it may be in the log already.
 */
import type { Chars } from '../../core/bytes.ts'
import type { StreamsError } from '../../core/errors.ts'
import { FatalError, isStreamsError, messageOf, RetriableError } from '../../core/errors.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { RecordMetadata } from '../../core/record.ts'
import { initProducerId } from '../protocol/apis.ts'
import { failureOf } from './failures.ts'
import type { ProducerIdentity } from './produce-batch.ts'
import { ProduceSender } from './produce-sender.ts'
import type { EndOffset, ProducerOptions } from './producer-options.ts'
import { withDefaults } from './producer-options.ts'
import { isTransient, reactionTo } from './reactions.ts'
import type { RefusedRecordError } from './refused-record-error.ts'
import type { PartitionKey } from './topic-partition.ts'
import { Waiters } from './waiters.ts'

export type IdempotentProducerOptions = ProducerOptions

/** From 8 on the answer names the refused record. */
const VERSIONS = { minVersion: 8 } as const
const NO_TIMEOUT_MS = 2 ** 31 - 1

export class IdempotentProducer {
  readonly #options: Required<ProducerOptions>
  readonly #sender: ProduceSender
  readonly #waiters = new Waiters()
  /** Undefined: not known yet, or of no use any more; nothing is sealed or sent. */
  #identity: ProducerIdentity | undefined
  #isAsking = false
  #failure: StreamsError | undefined
  #refused: RefusedRecordError | undefined
  #isClosed = false

  constructor(options: IdempotentProducerOptions) {
    this.#options = withDefaults(options)
    this.#sender = new ProduceSender(options, {
      transactionalId: null,
      identity: () => this.#identity ?? NOT_YET,
      versions: () => VERSIONS,
      admits: () => this.#mayWrite(),
      onUnanswered: () => undefined,
      onProgress: () => this.#progressed(),
      onRefused: ({ error, partition, batch, index }) => {
        this.#refused ??= error
        partition.drop(batch, index, this.#identity ?? NOT_YET)
      },
      onSpoiled: (error) => {
        this.#options.logger.warn({ err: error }, 'the broker forgot a producer; it gets a new id')
        this.#identity = undefined
      },
      onFailed: (error) => this.#fail(error),
    })
  }

  /** Not acknowledged yet. */
  get bufferedBytes(): number {
    return this.#sender.bytes
  }

  /** Whether something waits for `push`, or for its batch to be full. */
  get isFilling(): boolean {
    return this.#sender.isFilling
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
    if (this.#failure !== undefined || this.#isClosed) return
    this.#sender.append(topic, partition, key, value, timestamp, headers, origin)
  }

  /** Sends what is buffered, without waiting for batches to fill or for answers. */
  push(): void {
    if (this.#failure === undefined && !this.#isClosed) this.#sender.push()
  }

  /** Resolves once fewer bytes than that are unacknowledged; rejects with what ended the sending. */
  async drain(belowBytes: number): Promise<void> {
    const { clock } = this.#options
    while (this.#failure === undefined && this.#sender.bytes >= belowBytes)
      await this.#waiters.wait(clock, Infinity)
    const failure = this.#failure
    if (failure === undefined) return
    this.#failure = undefined
    throw failure
  }

  /**
   * Every record acknowledged or refused. Rejects with the first RefusedRecordError once all others
   * are acknowledged; with RetriableError or FatalError when records were given up: everything that
   * is not acknowledged is then forgotten, and the next `flush` begins clean.
   */
  async flush(): Promise<void> {
    this.push()
    await this.drain(1)
    const refused = this.#refused
    this.#refused = undefined
    if (refused !== undefined) throw refused
  }

  /** Behind our last acknowledged record of each partition. */
  endOffsets(): ReadonlyMap<PartitionKey, EndOffset> {
    return this.#sender.ends
  }

  /** What is not acknowledged is forgotten. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#fail(new RetriableError('BROKER_UNAVAILABLE', 'the producer is closed'))
  }

  #mayWrite(): boolean {
    if (this.#identity === undefined) this.#ask()
    return this.#identity !== undefined
  }

  #progressed(): void {
    if (this.#identity === undefined) this.#ask()
    this.#waiters.wake()
  }

  #fail(error: StreamsError): void {
    this.#failure ??= error
    this.#sender.reset()
    // Sequences of what was given up may be used: a new id never meets them.
    this.#identity = undefined
    this.#waiters.wake()
  }

  /** Once nothing of the former identity is in flight, everything is numbered under a new one. */
  #ask(): void {
    if (this.#isAsking || this.#isClosed || this.#sender.inFlight > 0) return
    this.#isAsking = true
    void this.#newIdentity().then(
      (identity) => {
        this.#isAsking = false
        this.#identity = identity
        this.#sender.renumber()
        this.#sender.pump()
      },
      (reason: unknown) => {
        this.#isAsking = false
        this.#fail(
          isStreamsError(reason)
            ? reason
            : new FatalError('INTERNAL', `InitProducerId: ${messageOf(reason)}`, { cause: reason }),
        )
      },
    )
  }

  async #newIdentity(): Promise<ProducerIdentity> {
    const { client, clock, deliveryTimeoutMs } = this.#options
    const backoff = client.backoff()
    const until = clock.monotonic() + deliveryTimeoutMs
    const request = { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS }
    for (;;) {
      const answer = await client.call(initProducerId, 'any', 'produce', request, {
        patienceMs: deliveryTimeoutMs,
      })
      const reaction = reactionTo(answer.errorCode)
      if (reaction === 'none')
        return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      const isOver = client.closing.aborted || clock.monotonic() >= until
      if (isOver || !isTransient(reaction))
        throw failureOf(answer.errorCode, 'InitProducerId of a producer without transactions')
      await backoff.wait(client.closing)
    }
  }
}

/** Stands in a sealed batch until there is an identity: it is numbered again before it is sent. */
const NOT_YET: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
