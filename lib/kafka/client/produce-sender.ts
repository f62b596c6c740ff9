/**
 * Sends batches to the leaders of their partitions and hears what became of them. What repeating can
 * cure is repeated here; what else a failure means is the producer's affair, told through hooks.
 *
 * 1. Requests are written within `pump`, in the order of sequences, one batch of a partition each.
 * 2. Whatever is not acknowledged is told to somebody: a failure is never dropped.
 */
import type { Chars } from '../../core/bytes.ts'
import type { Timer } from '../../core/clock.ts'
import type { StreamsError } from '../../core/errors.ts'
import { FatalError, isStreamsError, messageOf, RetriableError } from '../../core/errors.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { RecordMetadata } from '../../core/record.ts'
import { produce } from '../protocol/apis.ts'
import { errorName } from '../protocol/error-codes.ts'
import { failureOf } from './failures.ts'
import type { VersionLimits } from './negotiation.ts'
import type { ProducerIdentity, SealedBatch } from './produce-batch.ts'
import { FillingPool } from './produce-batch.ts'
import type { Settled } from './produce-partition.ts'
import { ProducePartition } from './produce-partition.ts'
import { ProducePartitions } from './produce-partitions.ts'
import type { ProduceItem, ProduceOutcome } from './produce-request.ts'
import { produceOutcomes, produceRequest } from './produce-request.ts'
import { verdictOn } from './produce-verdict.ts'
import type { EndOffset, ProducerOptions } from './producer-options.ts'
import { withDefaults } from './producer-options.ts'
import { RefusedRecordError } from './refused-record-error.ts'
import type { PartitionKey } from './topic-partition.ts'
import { partitionKey } from './topic-partition.ts'

/** A record that was refused, and where it is. */
export interface RefusedRecord {
  readonly error: RefusedRecordError
  readonly partition: ProducePartition
  readonly batch: SealedBatch
  readonly index: number
}

/** What a producer decides. */
export interface SenderHooks {
  readonly transactionalId: string | null
  identity(): ProducerIdentity
  versions(): VersionLimits
  /** Whether this partition may be sent to now; if not, whoever says so calls `pump` later. */
  admits(partition: ProducePartition): boolean
  /** An answer was lost. */
  onUnanswered(reason: unknown): void
  /** Answers came: look whether all is done. */
  onProgress(): void
  onRefused(refused: RefusedRecord): void
  /** The sequences of a partition are of no use any more. */
  onSpoiled(error: StreamsError): void
  onFailed(error: StreamsError): void
}

export class ProduceSender {
  readonly #options: Required<ProducerOptions>
  readonly #hooks: SenderHooks
  readonly #pool = new FillingPool()
  readonly #partitions: ProducePartitions
  #ends = new Map<PartitionKey, EndOffset>()
  #timer: Timer | undefined

  constructor(options: ProducerOptions, hooks: SenderHooks) {
    this.#options = withDefaults(options)
    this.#hooks = hooks
    const { client, compression, batchBytes } = this.#options
    const style = { isTransactional: hooks.transactionalId !== null, compression }
    this.#partitions = new ProducePartitions(
      batchBytes,
      (topic, partition) =>
        new ProducePartition({ topic, partition }, style, this.#pool, client.backoff()),
    )
  }

  /** Not acknowledged. */
  get bytes(): number {
    let bytes = 0
    for (const partition of this.#partitions.values()) bytes += partition.bytes
    return bytes
  }

  /** Whether some of it leaves with the next `push`, or when its batch is full. */
  get isFilling(): boolean {
    for (const { openBytes, isPushed } of this.#partitions.values())
      if (openBytes > 0 && !isPushed) return true
    return false
  }

  get inFlight(): number {
    let flights = 0
    for (const partition of this.#partitions.values()) flights += partition.inFlight
    return flights
  }

  /** Behind the last acknowledged record of each partition, since `forgetEnds`. */
  get ends(): ReadonlyMap<PartitionKey, EndOffset> {
    return this.#ends
  }

  forgetEnds(): void {
    if (this.#ends.size > 0) this.#ends = new Map()
  }

  append(
    topic: string,
    index: number,
    key: Chars | null,
    value: Chars | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
    origin: RecordMetadata | undefined,
  ): void {
    const partition = this.#partitions.of(topic, index)
    partition.append(key, value, timestamp, headers, origin)
    if (partition.openBytes < partition.closedAt) return
    partition.seal(this.#hooks.identity(), this.#options.clock.monotonic())
    this.pump()
  }

  /**
   * Sends what may be sent. A batch that could only wait for the answers to others goes on being
   * filled: closed, the small batches of each push would wait in a line that grows.
   */
  push(): void {
    for (const partition of this.#partitions.values()) partition.isPushed = partition.openBytes > 0
    this.pump()
  }

  /** Forgets batches and sequences; answers still to come find nobody. */
  reset(): void {
    this.#timer?.cancel()
    this.#partitions.clear()
  }

  /** Numbers everything anew under a new identity. Nothing may be in flight. */
  renumber(): void {
    for (const partition of this.#partitions.values()) partition.renumber(this.#hooks.identity(), 0)
  }

  /** Sends what may be sent now, and sets the timer for what may not yet. */
  pump(): void {
    const now = this.#options.clock.monotonic()
    this.#timer?.cancel()
    let due = this.#sendDue(now)
    while (due === 'more') due = this.#sendDue(now)
    if (due < Infinity)
      this.#timer = this.#options.clock.timer(due - now, () => {
        this.pump()
      })
  }

  /** One request to each node at most: `more` may be sent, or when the next is due. */
  #sendDue(now: number): number | 'more' {
    let due = Infinity
    const requests = new Map<number, ProduceItem[]>()
    for (const partition of this.#partitions.values()) {
      if (partition.isPushed && partition.isFree) partition.seal(this.#hooks.identity(), now)
      const batch = partition.next
      if (batch === undefined) continue
      if (partition.notBefore > now) due = Math.min(due, partition.notBefore)
      else if (this.#hooks.admits(partition)) this.#enlist(requests, { partition, batch })
    }
    for (const [node, items] of requests) this.#send(node, items)
    return requests.size > 0 ? 'more' : due
  }

  #enlist(requests: Map<number, ProduceItem[]>, item: ProduceItem): void {
    const { topic, partition } = item.partition
    const leader = this.#options.client.leader(topic, partition)
    if (leader === undefined) {
      this.#later(item.partition, true)
      return
    }
    const items = requests.get(leader.node)
    if (items === undefined) requests.set(leader.node, [item])
    else {
      const bytes = items.reduce((sum, { batch }) => sum + batch.records.length, 0)
      if (bytes + item.batch.records.length <= this.#options.maxRequestBytes) items.push(item)
    }
  }

  #send(node: number, items: readonly ProduceItem[]): void {
    const { client } = this.#options
    for (const { partition } of items) partition.sent()
    const request = produceRequest(items, this.#hooks.transactionalId, client.requestTimeoutMs)
    // The broker answers by its own timeout when replicas do not follow; it must not find us gone.
    const options = { ...this.#hooks.versions(), timeoutMs: client.requestTimeoutMs * 1.5 }
    const sent = client.call(produce, { node }, 'produce', request, options)
    void sent
      .then(
        (answer) => produceOutcomes(items, answer),
        (reason: unknown) =>
          items.map((item): ProduceOutcome => {
            return { item, baseOffset: undefined, problem: { kind: 'unanswered', reason } }
          }),
      )
      .then((outcomes) => {
        for (const outcome of outcomes) this.#hear(node, outcome)
        this.pump()
        this.#hooks.onProgress()
      })
  }

  #hear(node: number, { item, baseOffset, problem }: ProduceOutcome): void {
    const { partition, batch } = item
    if (problem?.kind === 'unanswered') this.#hooks.onUnanswered(problem.reason)
    const { topic, partition: index } = partition
    const key = partitionKey(topic, index)
    if (!this.#partitions.has(partition)) return
    if (problem !== undefined) {
      this.#judge(partition, partition.failed(batch, problem))
      return
    }
    if (baseOffset !== undefined && baseOffset >= 0) {
      const leaderEpoch = this.#options.client.certainEpoch(topic, index, node, 'produce')
      this.#ends.set(key, { offset: baseOffset + batch.count, leaderEpoch })
    }
    this.#judge(partition, partition.acknowledged(batch))
  }

  #judge(partition: ProducePartition, settled: Settled | undefined): void {
    if (settled === undefined) return
    const { batch } = settled
    const what = `Produce to ${partition.topic} partition ${partition.partition}`
    const verdict = verdictOn(settled)
    switch (verdict.do) {
      case 'again':
        if (this.#options.clock.monotonic() - batch.since > this.#options.deliveryTimeoutMs)
          this.#hooks.onFailed(this.#expired(partition, settled))
        else this.#later(partition, verdict.refresh)
        return
      case 'split':
        this.#partitions.lower(partition.topic, Math.ceil(batch.records.length / 2))
        partition.split(batch, this.#hooks.identity())
        return
      case 'refuse': {
        const error = refusal(partition, settled, verdict.code, verdict.index)
        this.#hooks.onRefused({ error, partition, batch, index: verdict.index })
        return
      }
      case 'restart':
        this.#hooks.onSpoiled(failureOf(verdict.code, what))
        return
      case 'fail':
        this.#hooks.onFailed(failureOf(verdict.code, what))
        return
      case 'throw':
        this.#hooks.onFailed(toStreamsError(verdict.reason, what))
    }
  }

  /** Not now. A leader that was only not looked up yet is used as soon as it is known. */
  #later(partition: ProducePartition, refresh: boolean): void {
    const { client, clock } = this.#options
    const { topic, partition: index } = partition
    const wasKnown = client.leader(topic, index) !== undefined
    const due = clock.monotonic() + partition.backoff.next()
    partition.notBefore = refresh ? Infinity : due
    if (!refresh) return
    void client.refresh([topic]).then(() => {
      partition.notBefore = wasKnown || client.leader(topic, index) === undefined ? due : 0
      this.pump()
    })
  }

  #expired(partition: ProducePartition, { problem }: Settled): StreamsError {
    const { topic, partition: index } = partition
    const last = problem.kind === 'refused' ? errorName(problem.code) : messageOf(problem.reason)
    const { deliveryTimeoutMs } = this.#options
    return new RetriableError(
      'REQUEST_TIMEOUT',
      `records for ${topic} partition ${index} could not be delivered within ${deliveryTimeoutMs} ms (${last})`,
    )
  }
}

function refusal(
  { topic, partition }: ProducePartition,
  { batch, problem }: Settled,
  code: number,
  index: number,
): RefusedRecordError {
  const detail = problem.kind === 'refused' ? (problem.detail ?? undefined) : undefined
  const origin = batch.filled.origins.of(index)
  return new RefusedRecordError({ topic, partition, reason: errorName(code), detail, origin })
}

function toStreamsError(reason: unknown, what: string): StreamsError {
  if (isStreamsError(reason)) return reason
  return new FatalError('INTERNAL', `${what}: ${messageOf(reason)}`, { cause: reason })
}
