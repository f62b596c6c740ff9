/**
 * One partition of one assignment: where it is, what was fetched, why it is not fetched.
 *
 * 1. A rewind or a new assignment makes another object, so an answer that was asked for by this one
 *    finds it gone and is dropped.
 * 2. The fetch position runs ahead of `position` by what waits for `poll`. Both pass empty batches,
 *    markers and aborted records, or they would be fetched for ever.
 */
import type { StreamsError } from '../../core/errors.ts'
import type { LazyBatch } from '../protocol/record-batch.ts'
import { readBatches } from '../protocol/record-batch.ts'
import type { AbortedTransaction } from './aborted-filter.ts'
import { AbortedFilter } from './aborted-filter.ts'
import type { Backoff } from './backoff.ts'
import type { FetchedBatch, FetchState } from './fetch-options.ts'

/** What is used of a partition's answer. */
export interface PartitionAnswer {
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly records: Buffer | null
}

interface Waiting {
  readonly batch: FetchedBatch
  readonly bytes: number
  /** The position once it is handed out: behind it and what follows that nobody may see. */
  next: number
}

export class FetchPartition {
  readonly topic: string
  readonly partition: number
  readonly backoff: Backoff
  paused = false
  /** Asked for, and not answered yet. */
  inFlight = false
  /** Not asked for before this (monotonic). */
  notBefore = 0
  /** Surfaces at `poll`; not fetched any more. */
  failure: StreamsError | undefined
  /** Since when (monotonic) Metadata has not known the topic. */
  missingSince: number | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #position: number
  #fetchOffset: number
  #highWatermark: number | undefined
  #lastStableOffset: number | undefined
  #logStartOffset: number | undefined
  #answeredAt = -Infinity
  #lastWasEmpty = false

  constructor(topic: string, partition: number, offset: number, backoff: Backoff) {
    this.topic = topic
    this.partition = partition
    this.backoff = backoff
    this.#position = offset
    this.#fetchOffset = offset
  }

  get position(): number {
    return this.#position
  }

  get fetchOffset(): number {
    return this.#fetchOffset
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Whether `poll` has something to return or to throw. */
  get isReady(): boolean {
    return this.failure !== undefined || (!this.paused && this.#waiting.length > 0)
  }

  get state(): FetchState {
    return {
      position: this.#position,
      highWatermark: this.#highWatermark,
      lastStableOffset: this.#lastStableOffset,
      logStartOffset: this.#logStartOffset,
      answeredAt: this.#answeredAt,
      empty: this.#lastWasEmpty && this.#waiting.length === 0,
    }
  }

  /** Whether the last answer left the fetch position above what a reader may see: such a fetch never waits. */
  get isAboveStable(): boolean {
    return this.#lastStableOffset !== undefined && this.#fetchOffset > this.#lastStableOffset
  }

  /** Takes an answer in; tells whether it moved anything. Throws on batches that are damaged. */
  absorb(answer: PartitionAnswer, now: number): boolean {
    const before = this.#fetchOffset
    this.#highWatermark = answer.highWatermark
    this.#lastStableOffset =
      answer.lastStableOffset < 0 ? answer.highWatermark : answer.lastStableOffset
    this.#logStartOffset = answer.logStartOffset
    this.#answeredAt = now
    this.missingSince = undefined
    const { records } = answer
    if (records !== null && records.length > 0) {
      const filter = new AbortedFilter(answer.abortedTransactions ?? [])
      for (const batch of readBatches(records)) this.#add(batch, filter)
    }
    this.#lastWasEmpty = this.#fetchOffset === before
    return !this.#lastWasEmpty
  }

  /** What waits, and moves the position behind it. */
  take(into: FetchedBatch[]): void {
    for (const { batch, next } of this.#waiting) {
      into.push(batch)
      this.#position = next
    }
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #add(batch: LazyBatch, filter: AbortedFilter): void {
    const next = batch.nextOffset
    // The first batch of an answer may lie before the position, as a whole or in part.
    if (next <= this.#fetchOffset) return
    const from = this.#fetchOffset
    this.#fetchOffset = next
    const seen = filter.admits({
      lastOffset: next - 1,
      producerId: batch.producerId,
      isTransactional: batch.isTransactional,
      isControl: batch.isControl,
      isAbortMarker: batch.isControl && batch.controlType === 0,
    })
    const firstIndex = seen ? firstAt(batch, from) : batch.count
    if (firstIndex < batch.count) {
      const { topic, partition } = this
      const { leaderEpoch } = batch
      const fetched = { topic, partition, view: batch, firstIndex, nextOffset: next, leaderEpoch }
      this.#waiting.push({ batch: fetched, bytes: batch.bytes, next })
      this.#waitingBytes += batch.bytes
      return
    }
    const last = this.#waiting.at(-1)
    if (last === undefined) this.#position = next
    else last.next = next
  }
}

/** The index of the first record at or behind an offset. */
function firstAt(batch: LazyBatch, offset: number): number {
  if (batch.baseOffset >= offset) return 0
  let index = 0
  while (index < batch.count && batch.offset(index) < offset) index += 1
  return index
}
