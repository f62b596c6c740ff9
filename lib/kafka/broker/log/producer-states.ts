/**
 * What one partition remembers of idempotent and transactional producers: epoch, the last five
 * batches, where its open transaction begins (Kafka's ProducerStateManager).
 */
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BatchHeader } from './batch-header.ts'
import { sequenceAfter } from './batch-header.ts'

/** Repeats of older batches cannot be told from gaps. */
const REMEMBERED_BATCHES = 5

interface RememberedBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestamp: number
}

interface ProducerState {
  epoch: number
  batches: RememberedBatch[]
  /** First offset of the transaction that is open here. */
  openFrom: number | undefined
  lastOffset: number
  lastTimestamp: number
}

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  readonly currentTxnStartOffset: number
}

/** 'append', or the code of a refusal, or the place of the batch that this one repeats. */
export type Verdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'refused'; readonly code: number }
  | { readonly kind: 'repeat'; readonly baseOffset: number; readonly timestamp: number }

const APPEND: Verdict = { kind: 'append' }

export class ProducerStates {
  readonly #states = new Map<number, ProducerState>()

  /**
   * What to do with a batch of a producer; nothing changes. One that is not known here may begin with
   * any sequence, unless `fromZero`.
   */
  judge(header: BatchHeader, fromZero: boolean): Verdict {
    const state = this.#states.get(header.producerId)
    if (state === undefined)
      return fromZero && header.baseSequence !== 0
        ? refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
        : APPEND
    if (header.producerEpoch < state.epoch) return refused(ErrorCode.INVALID_PRODUCER_EPOCH)
    if (header.producerEpoch > state.epoch)
      return header.baseSequence === 0 ? APPEND : refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    const repeated = state.batches.find(
      (batch) =>
        batch.baseSequence === header.baseSequence && batch.lastSequence === header.lastSequence,
    )
    if (repeated !== undefined)
      return { kind: 'repeat', baseOffset: repeated.baseOffset, timestamp: repeated.timestamp }
    const last = state.batches.at(-1)
    const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1)
    if (header.baseSequence !== expected) return refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    if (state.openFrom !== undefined && !header.transactional)
      return refused(ErrorCode.INVALID_TXN_STATE)
    return APPEND
  }

  /** Whether a transaction of this producer and epoch is open here. */
  isOpen(producerId: number, producerEpoch: number): boolean {
    const state = this.#states.get(producerId)
    return state?.openFrom !== undefined && state.epoch === producerEpoch
  }

  /** Takes note of a batch that was appended. */
  appended(header: BatchHeader): void {
    let state = this.#states.get(header.producerId)
    if (state === undefined) {
      state = { epoch: -1, batches: [], openFrom: undefined, lastOffset: -1, lastTimestamp: -1 }
      this.#states.set(header.producerId, state)
    }
    if (header.producerEpoch !== state.epoch) {
      state.epoch = header.producerEpoch
      state.batches = []
    }
    state.batches.push({
      baseSequence: header.baseSequence,
      lastSequence: header.lastSequence,
      baseOffset: header.baseOffset,
      timestamp: header.maxTimestamp,
    })
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift()
    state.lastOffset = header.lastOffset
    state.lastTimestamp = header.maxTimestamp
    if (header.transactional) state.openFrom ??= header.baseOffset
  }

  /** Takes note of a marker; gives where the transaction began that it ends. */
  ended(header: BatchHeader): number | undefined {
    const state = this.#states.get(header.producerId)
    const from = state?.openFrom
    const kept = state?.epoch === header.producerEpoch ? state.batches : []
    this.#states.set(header.producerId, {
      epoch: Math.max(header.producerEpoch, state?.epoch ?? -1),
      batches: kept,
      openFrom: undefined,
      lastOffset: header.lastOffset,
      lastTimestamp: header.maxTimestamp,
    })
    return from
  }

  /** The lowest first offset of an open transaction. */
  firstOpen(): number | undefined {
    let first: number | undefined
    for (const { openFrom } of this.#states.values())
      if (openFrom !== undefined && (first === undefined || openFrom < first)) first = openFrom
    return first
  }

  /** Whether this is the last offset that the producer wrote: it carries its sequence or epoch. */
  isLastOf(producerId: number, offset: number): boolean {
    return this.#states.get(producerId)?.lastOffset === offset
  }

  *active(): Iterable<ActiveProducer> {
    for (const [producerId, state] of this.#states)
      yield {
        producerId,
        producerEpoch: state.epoch,
        lastSequence: state.batches.at(-1)?.lastSequence ?? -1,
        lastTimestamp: state.lastTimestamp,
        coordinatorEpoch: 0,
        currentTxnStartOffset: state.openFrom ?? -1,
      }
  }
}

function refused(code: number): Verdict {
  return { kind: 'refused', code }
}
