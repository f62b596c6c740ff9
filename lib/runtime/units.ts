/**
 * Runs the units of work of a task: a record, or what a node emits by itself. A unit happens whole,
 * or, where a policy lets it go, leaves nothing: rows, numbers, outputs and times go back.
 *
 * 1. Synchronous as long as everything below is; else a promise, and nothing else may run meanwhile.
 * 2. An error that user code caught on its way up still fails the unit: what it left is half done.
 */
import type { ErrorAction, RecordError } from '../core/errors.ts'
import type { Forward } from '../topology/operator.ts'
import type { AsyncTail } from './async-tail.ts'
import { isThenable } from './async-tail.ts'
import type { Failures } from './failures.ts'
import type { Histogram } from './metrics-registry.ts'
import type { Outputs } from './outputs.ts'
import type { PartitionGroup } from './partition-group.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { TaskNumbers } from './task-numbers.ts'
import type { TaskScope } from './task-scope.ts'
import type { Mark, Undo } from './undo.ts'

export type Done = void | Promise<void>

export interface UnitsOptions {
  readonly group: PartitionGroup
  readonly scope: TaskScope
  readonly tail: AsyncTail
  readonly outputs: Outputs
  readonly numbers: TaskNumbers
  /** Undefined where no policy lets a unit go. */
  readonly undo: Undo | undefined
  readonly failures: Failures
  readonly lateness: Histogram
}

export class Units {
  readonly #group: PartitionGroup
  readonly #scope: TaskScope
  readonly #tail: AsyncTail
  readonly #outputs: Outputs
  readonly #numbers: TaskNumbers
  /** Dead letters of guarded calls, whose topics are being looked for. */
  readonly #settling: Promise<void>[] = []
  readonly #undo: Undo | undefined
  readonly #failures: Failures
  readonly #lateness: Histogram

  constructor(options: UnitsOptions) {
    this.#group = options.group
    this.#scope = options.scope
    this.#tail = options.tail
    this.#outputs = options.outputs
    this.#numbers = options.numbers
    this.#undo = options.undo
    this.#failures = options.failures
    this.#lateness = options.lateness
  }

  /**
   * Hands out the head of a queue. `refused`: why it must not be processed. No closure is made here,
   * for each would cost every record.
   */
  record(queue: PartitionQueue, refused: RecordError | undefined): Done {
    const { head } = queue
    const mark = this.#undo?.mark(queue)
    this.#scope.enter(queue.topic, head)
    const error = head.error ?? refused
    if (error !== undefined) return this.#recordFailed(error, queue, mark)
    this.#lateness.observe(this.#group.handOut(queue) / 1000)
    try {
      queue.entry(head.key, head.value, head.timestamp, head.headers)
    } catch (thrown) {
      return this.#recordFailed(thrown, queue, mark)
    }
    return this.#tail.busy ? this.#drainRecord(queue, mark) : this.#recordDone(queue, mark)
  }

  /** What a node does without a record in hand: a punctuator, or step 0 of a commit. */
  emission(node: string, work: () => Done): Done {
    const mark = this.#undo?.mark()
    this.#scope.leave()
    this.#scope.emitting = node
    try {
      const pending = work()
      if (isThenable(pending) || this.#tail.busy || this.#settling.length > 0)
        return this.#drain(pending).then(
          () => this.#emissionDone(node, mark),
          (thrown: unknown) => this.#emissionFailed(node, thrown, mark),
        )
    } catch (thrown) {
      if (this.#settling.length === 0) return this.#emissionFailed(node, thrown, mark)
      return this.#settle().then(() => this.#emissionFailed(node, thrown, mark))
    }
    return this.#emissionDone(node, mark)
  }

  /**
   * A forward whose every call is a unit of its own while its node emits by itself: of many rows the
   * one that fails must not take the others with it.
   */
  guard(node: string, forward: Forward): Forward {
    const undo = this.#undo
    if (undo === undefined) return forward
    return (key, value, timestamp, headers) => {
      if (this.#scope.emitting !== node) return forward(key, value, timestamp, headers)
      const mark = undo.mark()
      const waiting = this.#tail.mark()
      try {
        forward(key, value, timestamp, headers)
      } catch (thrown) {
        const action = this.#decide(thrown)
        this.#tail.rollback(waiting)
        undo.rollback(mark)
        this.#scope.failure = undefined
        const settling = this.#failures.settle(thrown, action, undefined)
        if (settling !== undefined) this.#settleLater(settling)
      }
    }
  }

  #drainRecord(queue: PartitionQueue, mark: Mark | undefined): Promise<void> {
    return this.#tail.drain().then(
      () => this.#recordDone(queue, mark),
      (thrown: unknown) => this.#recordFailed(thrown, queue, mark),
    )
  }

  #recordDone(queue: PartitionQueue, mark: Mark | undefined): Done {
    const { failure } = this.#scope
    if (failure !== undefined) return this.#recordFailed(failure, queue, mark)
    this.#settled(queue)
  }

  #recordFailed(error: unknown, queue: PartitionQueue, mark: Mark | undefined): Done {
    this.#tail.clear()
    const action = this.#failures.decide(error, queue.decode)
    if (mark !== undefined) this.#undo?.rollback(mark)
    const settling = this.#failures.settle(error, action, queue.head)
    if (settling !== undefined) return settling.then(() => this.#settled(queue))
    this.#settled(queue)
  }

  /** What ends the task does so whoever catches it: the failure of the emission is this one. */
  #decide(thrown: unknown): Exclude<ErrorAction, 'fail'> {
    try {
      return this.#failures.decide(thrown)
    } catch (final) {
      this.#scope.failure = final
      throw final
    }
  }

  async #drain(pending: Done): Promise<void> {
    try {
      await pending
      await this.#tail.drain()
    } finally {
      await this.#settle()
    }
  }

  /** It is awaited when the emission ends, and rejects then. */
  #settleLater(settling: Promise<void>): void {
    settling.catch(() => undefined)
    this.#settling.push(settling)
  }

  async #settle(): Promise<void> {
    const settling = this.#settling.splice(0)
    await Promise.all(settling)
  }

  #emissionDone(node: string, mark: Mark | undefined): Done {
    const { failure } = this.#scope
    if (failure !== undefined) return this.#emissionFailed(node, failure, mark)
    this.#settled()
  }

  #emissionFailed(node: string, thrown: unknown, mark: Mark | undefined): Done {
    this.#tail.clear()
    const error = this.#scope.blame(node, thrown)
    const action = this.#failures.decide(error)
    if (mark !== undefined) this.#undo?.rollback(mark)
    const settling = this.#failures.settle(error, action, undefined)
    if (settling !== undefined) return settling.then(() => this.#settled())
    this.#settled()
  }

  /** The unit is done with: its output goes on, and the record leaves its queue. */
  #settled(queue?: PartitionQueue): void {
    this.#outputs.release()
    this.#numbers.keep()
    this.#scope.leave()
    queue?.advance()
  }
}
