/** Where each leader epoch of a partition begins: what OffsetForLeaderEpoch is answered from. */

interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export interface EpochEnd {
  readonly leaderEpoch: number
  readonly endOffset: number
}

const UNKNOWN: EpochEnd = { leaderEpoch: -1, endOffset: -1 }

export class LeaderEpochs {
  readonly #starts: EpochStart[] = []

  /** An epoch without a record leaves no trace once the next one begins at the same offset. */
  begin(epoch: number, startOffset: number): void {
    while ((this.#starts.at(-1)?.startOffset ?? -1) >= startOffset) this.#starts.pop()
    this.#starts.push({ epoch, startOffset })
  }

  /** The largest epoch that is not above the one asked for, and the offset behind its records. */
  endOf(epoch: number, logEnd: number): EpochEnd {
    const last = this.#starts.at(-1)
    if (last === undefined || epoch < 0 || epoch > last.epoch) return UNKNOWN
    if (epoch === last.epoch) return { leaderEpoch: epoch, endOffset: logEnd }
    const above = this.#starts.findIndex((start) => start.epoch > epoch)
    const next = this.#starts[above]
    const floor = this.#starts[above - 1]
    return next === undefined
      ? UNKNOWN
      : { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** The epoch in which an offset was written. */
  at(offset: number): number {
    return this.#starts.findLast((start) => start.startOffset <= offset)?.epoch ?? -1
  }
}
