/**
 * Moves what was fetched into the tasks' queues, and holds back partitions whose queues are full:
 * a fetch answer is decoded lazily, so a queue costs what its batches cost.
 */
import type { Fetcher } from '../kafka/client/fetcher.ts'
import { partitionKey, type TopicPartition } from '../kafka/client/topic-partition.ts'
import type { RunningTask } from './active-task.ts'
import type { TaskTable } from './task-table.ts'

/** Records of one partition. */
const FULL = 10_000
const ROOM_AGAIN = FULL / 2

export class Intake {
  readonly #fetcher: Fetcher
  readonly #table: TaskTable
  readonly #paused = new Set<string>()

  constructor(fetcher: Fetcher, table: TaskTable) {
    this.#fetcher = fetcher
    this.#table = table
  }

  /**
   * Fetches for the tasks that run: those in `anew` from their start, the others go on where they
   * are, with what was fetched for them.
   */
  assign(anew: ReadonlySet<RunningTask>): void {
    const positions: (TopicPartition & { offset: number })[] = []
    for (const active of this.#table.running())
      for (const topic of active.topics) {
        const of = { topic, partition: active.ref.partition }
        const start = active.start.get(topic)?.offset ?? 0
        const kept = anew.has(active) ? undefined : this.#fetcher.state(of)?.position
        positions.push({ ...of, offset: kept ?? start })
        if (kept === undefined) this.#resume(of)
      }
    this.#fetcher.assign(positions)
  }

  /** What is there now; the number of records. */
  take(): number {
    let taken = 0
    for (const batch of this.#fetcher.poll()) {
      const task = this.#table.reader(batch)?.task
      if (task === undefined) continue
      task.addBatch(batch.topic, batch.view, batch.firstIndex, batch.nextOffset)
      taken += batch.view.count - batch.firstIndex
    }
    for (const active of this.#table.running()) this.#settle(active)
    return taken
  }

  /** Position behind what was taken. */
  positionOf(topic: string, partition: number): number {
    return this.#fetcher.state({ topic, partition })?.position ?? -1
  }

  /** Tells the task how far each input is known to go, and pauses what is full. */
  #settle(active: RunningTask): void {
    for (const topic of active.topics) {
      const of = { topic, partition: active.ref.partition }
      const state = this.#fetcher.state(of)
      if (state === undefined) continue
      active.ends.set(topic, state)
      active.task.setEnd(topic, state)
      const queued = active.task.queuedOf(topic)
      if (queued >= FULL) this.#pause(of)
      else if (queued <= ROOM_AGAIN) this.#resume(of)
    }
  }

  #pause(of: TopicPartition): void {
    const key = partitionKey(of.topic, of.partition)
    if (this.#paused.has(key)) return
    this.#paused.add(key)
    this.#fetcher.pause(of)
  }

  #resume(of: TopicPartition): void {
    if (this.#paused.delete(partitionKey(of.topic, of.partition))) this.#fetcher.resume(of)
  }
}
