/**
 * Which input record each record of a batch came of, as columns: thousands of them wait for their
 * acknowledgement, and an object is made of one only when the broker refuses it.
 */
import type { RecordMetadata } from '../../core/record.ts'

/** Records from this index on came of this partition; of no record at all where it is undefined. */
interface Run {
  readonly from: number
  readonly topic: string | undefined
  readonly partition: number
}

const FIRST_CAPACITY = 256

export class Origins {
  #runs: Run[] = []
  #last: Run | undefined
  /** By index; whole numbers beyond 32 bits. */
  #offsets = new Float64Array(0)

  /** Of the record at this index, the next one. What is needed of the object is copied. */
  add(index: number, origin: RecordMetadata | undefined): void {
    const last = this.#last
    if (origin === undefined) {
      if (last?.topic !== undefined) this.#begin(index, undefined, -1)
      return
    }
    const { topic, partition } = origin
    if (last?.topic !== topic || last.partition !== partition) this.#begin(index, topic, partition)
    if (index >= this.#offsets.length) this.#grow(index)
    this.#offsets[index] = origin.offset
  }

  /** Undefined: no input record was in hand. */
  of(index: number): RecordMetadata | undefined {
    const run = this.#runs.findLast(({ from }) => from <= index)
    if (run?.topic === undefined) return undefined
    const { topic, partition } = run
    return { topic, partition, offset: this.#offsets[index] ?? -1 }
  }

  /** Forgets them, and keeps its memory for the next batch. */
  reset(): void {
    if (this.#last === undefined) return
    this.#runs = []
    this.#last = undefined
  }

  #begin(from: number, topic: string | undefined, partition: number): void {
    this.#last = { from, topic, partition }
    this.#runs.push(this.#last)
  }

  #grow(index: number): void {
    const larger = new Float64Array(Math.max(FIRST_CAPACITY, this.#offsets.length * 2, index + 1))
    larger.set(this.#offsets)
    this.#offsets = larger
  }
}
