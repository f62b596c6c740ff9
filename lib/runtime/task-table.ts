/** The tasks that a member owns, by id and by the partitions that they read. */
import type { TopicPartition } from '../kafka/client/topic-partition.ts'
import { partitionKey } from '../kafka/client/topic-partition.ts'
import { type ActiveTask, isRunning, type RunningTask } from './active-task.ts'

export class TaskTable {
  readonly #tasks = new Map<string, ActiveTask>()
  readonly #byInput = new Map<string, ActiveTask>()
  /** Cached, for it is asked for in every turn of the loop. */
  #running: readonly RunningTask[] | undefined

  add(active: ActiveTask): void {
    this.#tasks.set(active.id, active)
    for (const topic of active.topics)
      this.#byInput.set(partitionKey(topic, active.ref.partition), active)
    this.changed()
  }

  remove(active: ActiveTask): void {
    this.#tasks.delete(active.id)
    for (const topic of active.topics)
      this.#byInput.delete(partitionKey(topic, active.ref.partition))
    this.changed()
  }

  /** A phase changed. */
  changed(): void {
    this.#running = undefined
  }

  get(id: string): ActiveTask | undefined {
    return this.#tasks.get(id)
  }

  reader(of: TopicPartition): ActiveTask | undefined {
    return this.#byInput.get(partitionKey(of.topic, of.partition))
  }

  get size(): number {
    return this.#tasks.size
  }

  all(): readonly ActiveTask[] {
    return [...this.#tasks.values()]
  }

  running(): readonly RunningTask[] {
    this.#running ??= this.all().filter(isRunning)
    return this.#running
  }

  restoring(): readonly ActiveTask[] {
    return this.all().filter(({ phase }) => phase === 'restoring')
  }
}
