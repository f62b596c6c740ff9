/**
 * Which transactions of a partition were aborted: what read_committed fetches tell their readers.
 * Kept in the order in which the transactions ended, as Kafka does.
 */

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of its abort marker. */
  readonly lastOffset: number
}

export class AbortedTransactions {
  #list: AbortedTransaction[] = []

  add(aborted: AbortedTransaction): void {
    this.#list.push(aborted)
  }

  /** Those that overlap with offsets from `from` to below `to`. */
  between(from: number, to: number): readonly AbortedTransaction[] {
    return this.#list.filter(
      ({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < to,
    )
  }

  /** Whether a record of this producer at this offset was aborted. */
  includes(producerId: number, offset: number): boolean {
    return this.#list.some(
      (one) =>
        one.producerId === producerId && one.firstOffset <= offset && offset < one.lastOffset,
    )
  }

  forgetBelow(offset: number): void {
    this.#list = this.#list.filter(({ lastOffset }) => lastOffset >= offset)
  }
}
