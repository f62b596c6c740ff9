/**
 * Adds partitions to a transaction before anything is produced to them, where that is asked for:
 * those that turn up while a request is on its way go together into the next.
 */
import type { StreamsError } from '../../core/errors.ts'
import { FatalError, isStreamsError, messageOf } from '../../core/errors.ts'
import type { PartitionKey, TopicPartition } from './topic-partition.ts'
import { partitionKey } from './topic-partition.ts'

export class PartitionAdder {
  readonly #add: (partitions: readonly TopicPartition[]) => Promise<void>
  readonly #onDone: (error: StreamsError | undefined) => void
  #isExplicit = true
  #added = new Set<PartitionKey>()
  #wanted = new Map<PartitionKey, TopicPartition>()
  #isAdding = false
  #life = 0

  constructor(
    add: (partitions: readonly TopicPartition[]) => Promise<void>,
    onDone: (error: StreamsError | undefined) => void,
  ) {
    this.#add = add
    this.#onDone = onDone
  }

  /** Another transaction: nothing is added. Not explicit: the first Produce does it. */
  reset(isExplicit: boolean): void {
    this.#isExplicit = isExplicit
    this.#added = new Set()
    this.#wanted = new Map()
    this.#isAdding = false
    this.#life += 1
  }

  /** Whether it may be produced to now; if not, it is being added, and `onDone` tells. */
  admits(of: TopicPartition): boolean {
    const key = partitionKey(of.topic, of.partition)
    if (!this.#isExplicit || this.#added.has(key)) return true
    this.#wanted.set(key, of)
    if (!this.#isAdding) this.#begin()
    return false
  }

  /** In the next microtask, so that all partitions of one `pump` go into one request. */
  #begin(): void {
    const life = this.#life
    this.#isAdding = true
    void Promise.resolve()
      .then(() => this.#addWanted(life))
      .then(
        () => this.#done(life, undefined),
        (reason: unknown) => this.#done(life, toStreamsError(reason)),
      )
  }

  async #addWanted(life: number): Promise<void> {
    if (life !== this.#life) return
    const wanted = this.#wanted
    this.#wanted = new Map()
    await this.#add([...wanted.values()])
    if (life === this.#life) for (const key of wanted.keys()) this.#added.add(key)
  }

  #done(life: number, error: StreamsError | undefined): void {
    if (life !== this.#life) return
    this.#isAdding = false
    this.#onDone(error)
  }
}

function toStreamsError(reason: unknown): StreamsError {
  if (isStreamsError(reason)) return reason
  return new FatalError('INTERNAL', `AddPartitionsToTxn: ${messageOf(reason)}`, { cause: reason })
}
