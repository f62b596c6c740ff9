/**
 * What goes to one partition: the batch that is being filled, those that wait, those in flight, and
 * the rules that keep their order whatever fails. Decides nothing about codes.
 *
 * 1. At most five are in flight: the broker remembers the last five sequences.
 * 2. After the first failure nothing more leaves until all in flight are settled; then those that
 *    failed go first, in order, the first one alone.
 */
import type { Chars } from '../../core/bytes.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { RecordMetadata } from '../../core/record.ts'
import type { Backoff } from './backoff.ts'
import type {
  BatchStyle,
  Filling,
  FillingPool,
  ProducerIdentity,
  SealedBatch,
} from './produce-batch.ts'
import { rebuildBatch, sealBatch, sequenceAfter } from './produce-batch.ts'
import type { TopicPartition } from './topic-partition.ts'

const MAX_IN_FLIGHT = 5

/** Why a batch is not in the log, as far as is known. */
export type ProduceProblem =
  | {
      readonly kind: 'refused'
      readonly code: number
      readonly detail: string | null
      /** The record that the broker named. */
      readonly index: number | undefined
    }
  | { readonly kind: 'unanswered'; readonly reason: unknown }

interface Flight {
  readonly batch: SealedBatch
  problem: ProduceProblem | undefined
}

/** The first batch that failed, once everything in flight is settled. */
export interface Settled {
  readonly batch: SealedBatch
  readonly problem: ProduceProblem
}

export class ProducePartition {
  readonly topic: string
  readonly partition: number
  readonly backoff: Backoff
  /** Not sent before this (monotonic). */
  notBefore = 0
  /** The batch that is being filled is closed at this size. */
  closedAt: number = Infinity
  /** The batch that is being filled is to leave as soon as it may. */
  isPushed = false
  readonly #style: BatchStyle
  #mode: 'flowing' | 'settling' | 'probing' = 'flowing'
  #sequence = 0
  readonly #pool: FillingPool
  #filling: Filling
  #waiting: SealedBatch[] = []
  #flights: Flight[] = []
  #sealedBytes = 0

  constructor(of: TopicPartition, style: BatchStyle, pool: FillingPool, backoff: Backoff) {
    this.topic = of.topic
    this.partition = of.partition
    this.#style = style
    this.#pool = pool
    this.#filling = pool.take()
    this.backoff = backoff
  }

  /** Not acknowledged. */
  get bytes(): number {
    return this.#sealedBytes + this.openBytes
  }

  /** In the batch that is being filled. */
  get openBytes(): number {
    const { writer } = this.#filling
    return writer.count === 0 ? 0 : writer.bytes
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#flights.length === 0
  }

  get inFlight(): number {
    return this.#flights.length
  }

  /** The next batch to send; undefined: none, or not now. */
  get next(): SealedBatch | undefined {
    return this.#hasRoom ? this.#waiting[0] : undefined
  }

  /** Whether the batch that is being filled would be the next to leave, and now. */
  get isFree(): boolean {
    return this.#waiting.length === 0 && this.#hasRoom
  }

  append(
    key: Chars | null,
    value: Chars | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
    origin: RecordMetadata | undefined,
  ): void {
    const { writer, origins } = this.#filling
    origins.add(writer.count, origin)
    writer.append(key, value, timestamp, headers)
  }

  /** Closes the batch that is being filled, if there is one. */
  seal(identity: ProducerIdentity, now: number): void {
    this.isPushed = false
    const filled = this.#filling
    const { count } = filled.writer
    if (count === 0) return
    const sequence = this.#sequence
    const records = sealBatch(filled.writer, identity, sequence, this.#style)
    this.#waiting.push({ records, count, sequence, since: now, filled })
    this.#sequence = sequenceAfter(sequence, count)
    this.#sealedBytes += records.length
    this.#filling = this.#pool.take()
  }

  /** The next batch leaves. */
  sent(): void {
    const batch = this.#waiting.shift()
    if (batch !== undefined) this.#flights.push({ batch, problem: undefined })
  }

  acknowledged(batch: SealedBatch): Settled | undefined {
    const at = this.#flights.findIndex((flight) => flight.batch === batch)
    if (at < 0) return undefined
    this.#flights.splice(at, 1)
    this.#sealedBytes -= batch.records.length
    this.#pool.give(batch.filled)
    if (this.#mode === 'probing') {
      this.#mode = 'flowing'
      this.backoff.reset()
    }
    return this.#settle()
  }

  failed(batch: SealedBatch, problem: ProduceProblem): Settled | undefined {
    const flight = this.#flights.find((one) => one.batch === batch)
    if (flight === undefined) return undefined
    flight.problem = problem
    this.#mode = 'settling'
    return this.#settle()
  }

  /** Splits a batch that waits, keeping its sequences. */
  split(batch: SealedBatch, identity: ProducerIdentity): void {
    const limit = Math.ceil(batch.count / 2)
    this.#replace(batch, rebuildBatch(batch, identity, batch.sequence, this.#style, { limit }))
  }

  /** Takes one record out of a batch that waits, and numbers all from there on again. */
  drop(batch: SealedBatch, index: number, identity: ProducerIdentity): void {
    const without = rebuildBatch(batch, identity, batch.sequence, this.#style, { without: index })
    this.#replace(batch, without)
    this.renumber(identity, batch.sequence)
  }

  /** Numbers all that waits again, from this sequence on: nothing may be in flight. */
  renumber(identity: ProducerIdentity, from: number): void {
    let sequence = from
    const waiting = this.#waiting
    this.#waiting = []
    this.#sealedBytes = 0
    for (const batch of waiting)
      for (const rebuilt of rebuildBatch(batch, identity, sequence, this.#style)) {
        this.#waiting.push(rebuilt)
        this.#sealedBytes += rebuilt.records.length
        sequence = sequenceAfter(rebuilt.sequence, rebuilt.count)
      }
    this.#sequence = sequence
  }

  get #hasRoom(): boolean {
    if (this.#mode === 'settling') return false
    return this.#flights.length < (this.#mode === 'probing' ? 1 : MAX_IN_FLIGHT)
  }

  #replace(batch: SealedBatch, by: readonly SealedBatch[]): void {
    const at = this.#waiting.indexOf(batch)
    this.#waiting.splice(at, 1, ...by)
    this.#sealedBytes -= batch.records.length
    for (const { records } of by) this.#sealedBytes += records.length
  }

  /** When everything in flight has failed, all of it waits again, in order. */
  #settle(): Settled | undefined {
    if (this.#mode !== 'settling') return undefined
    if (this.#flights.some(({ problem }) => problem === undefined)) return undefined
    const [first] = this.#flights
    this.#mode = 'probing'
    this.#waiting.unshift(...this.#flights.map(({ batch }) => batch))
    this.#flights = []
    if (first?.problem === undefined) return undefined
    return { batch: first.batch, problem: first.problem }
  }
}
