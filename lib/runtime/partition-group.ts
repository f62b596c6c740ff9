/**
 * The input partitions of one task: whose head is next, how far time is, and whether to wait for a
 * partition that is empty (KIP-695).
 *
 * Next is the oldest head record, whatever the partitions' times; of equal ones that of the
 * partition listed first, so that equal input is processed in equal order.
 */
import { FatalError } from '../core/errors.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** `maxTaskIdleMs` of a task that goes on with what it has, known lag or not. */
const NEVER_WAIT = -1

export class PartitionGroup {
  readonly #queues: readonly PartitionQueue[]
  /** Most tasks read one partition: there is nobody to choose from or to wait for. */
  readonly #only: PartitionQueue | undefined
  readonly #byTopic: ReadonlyMap<string, PartitionQueue>
  readonly #maxTaskIdleMs: number
  /** Highest timestamp handed out; -1 before the first record. */
  streamTime = -1

  constructor(queues: readonly PartitionQueue[], maxTaskIdleMs: number) {
    this.#queues = queues
    this.#only = queues.length === 1 ? queues[0] : undefined
    this.#byTopic = new Map(queues.map((queue) => [queue.topic, queue]))
    this.#maxTaskIdleMs = maxTaskIdleMs
    this.recallTime()
  }

  get queues(): readonly PartitionQueue[] {
    return this.#queues
  }

  /** Throws a FatalError for a topic that the task does not read. */
  of(topic: string): PartitionQueue {
    const queue = this.#byTopic.get(topic)
    if (queue !== undefined) return queue
    throw new FatalError('INTERNAL', `records of topic '${topic}' came to a task without it`)
  }

  get queued(): number {
    let records = 0
    for (const queue of this.#queues) records += queue.size
    return records
  }

  /** Stream time from the partition times, after these were restored. */
  recallTime(): void {
    this.streamTime = -1
    for (const { partitionTime } of this.#queues)
      this.streamTime = Math.max(this.streamTime, partitionTime)
  }

  /**
   * Whether to process now: something is queued, and no empty partition is worth waiting for. An
   * empty one is waited for while more is known to be there or nothing is known yet, and at its end
   * for `maxTaskIdleMs` from when it was first found there.
   */
  ready(now: number): boolean {
    if (this.#only !== undefined && this.#only.size > 0) {
      this.#only.emptySince = undefined
      return true
    }
    let any = false
    let waiting = false
    for (const queue of this.#queues) {
      if (queue.size > 0) {
        queue.emptySince = undefined
        any = true
      } else if (this.#waitsFor(queue, now)) waiting = true
    }
    return any && !waiting
  }

  /** The queue with the oldest head; undefined while none can be handed out. */
  choose(): PartitionQueue | undefined {
    const only = this.#only
    if (only !== undefined) return only.size > 0 && only.ensureHead() ? only : undefined
    let oldest: PartitionQueue | undefined
    for (const queue of this.#queues) {
      if (queue.size === 0) continue
      // The others must not overtake a head that is still being prepared: its time is not known.
      if (!queue.ensureHead()) return undefined
      if (queue.head.error !== undefined) return queue
      if (oldest === undefined || queue.head.timestamp < oldest.head.timestamp) oldest = queue
    }
    return oldest
  }

  /** Moves time to the head of this queue, and says by how much it is late. */
  handOut(queue: PartitionQueue): number {
    const { timestamp } = queue.head
    if (timestamp > queue.partitionTime) queue.partitionTime = timestamp
    if (timestamp >= this.streamTime) {
      this.streamTime = timestamp
      return 0
    }
    return this.streamTime - timestamp
  }

  /** What a head is waited for, if one is: a serde that fetches. */
  get preparing(): Promise<void> | undefined {
    for (const { preparing } of this.#queues) if (preparing !== undefined) return preparing
    return undefined
  }

  #waitsFor(queue: PartitionQueue, now: number): boolean {
    if (this.#maxTaskIdleMs === NEVER_WAIT) return false
    const { end } = queue
    if (end?.lastStableOffset === undefined) return true
    if (end.position < end.lastStableOffset) return true
    queue.emptySince ??= now
    return now < queue.emptySince + this.#maxTaskIdleMs
  }
}
