/**
 * Which batches of one fetch answer a reader of committed records may see (DESIGN §7.7).
 *
 * 1. The broker's list is in order of completion and may name transactions beyond the answer: it is
 *    sorted here, and a transaction counts from its first offset on.
 * 2. It ends at its producer's abort marker and at nothing else.
 */

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** What is looked at of a batch. */
export interface BatchHead {
  readonly lastOffset: number
  readonly producerId: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** Of control batches: whether this marker ends an aborted transaction. */
  readonly isAbortMarker: boolean
}

export class AbortedFilter {
  readonly #aborted: readonly AbortedTransaction[]
  readonly #open = new Set<number>()
  #next = 0

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /** Whether the records of a batch were committed. Batches must come in the order of the log. */
  admits(batch: BatchHead): boolean {
    for (;;) {
      const next = this.#aborted[this.#next]
      if (next === undefined || next.firstOffset > batch.lastOffset) break
      this.#open.add(next.producerId)
      this.#next += 1
    }
    if (batch.isControl) {
      if (batch.isAbortMarker) this.#open.delete(batch.producerId)
      return false
    }
    return !(batch.isTransactional && this.#open.has(batch.producerId))
  }
}
