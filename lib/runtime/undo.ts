/**
 * Puts a task back to where it stood before a record, or before one that a node emitted: rows,
 * numbers, outputs, times. Kept only where a policy may skip a record (DESIGN §14).
 */
import type { TaskState } from '../state/task-state.ts'
import type { Outputs } from './outputs.ts'
import type { PartitionGroup } from './partition-group.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { TaskNumbers } from './task-numbers.ts'

export interface Mark {
  readonly state: number
  readonly numbers: number
  readonly outputs: number
  readonly streamTime: number
  /** The queue whose head is in hand, and its time before. */
  readonly queue: PartitionQueue | undefined
  readonly partitionTime: number
}

export class Undo {
  readonly #state: TaskState | undefined
  readonly #numbers: TaskNumbers
  readonly #outputs: Outputs
  readonly #group: PartitionGroup

  constructor(
    state: TaskState | undefined,
    numbers: TaskNumbers,
    outputs: Outputs,
    group: PartitionGroup,
  ) {
    this.#state = state
    this.#numbers = numbers
    this.#outputs = outputs
    this.#group = group
  }

  mark(queue?: PartitionQueue): Mark {
    return {
      state: this.#state?.mark() ?? 0,
      numbers: this.#numbers.mark(),
      outputs: this.#outputs.mark(),
      streamTime: this.#group.streamTime,
      queue,
      partitionTime: queue?.partitionTime ?? -1,
    }
  }

  rollback(mark: Mark): void {
    this.#state?.rollback(mark.state)
    this.#numbers.rollback(mark.numbers)
    this.#outputs.rollback(mark.outputs)
    this.#group.streamTime = mark.streamTime
    if (mark.queue !== undefined) mark.queue.partitionTime = mark.partitionTime
  }
}
