/** What the runtime gives to the operator of one node: the other side of `OperatorContext`. */

import { FatalError } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import type { DropReason } from '../core/metrics.ts'
import type { RecordContext, RecordMetadata } from '../core/record.ts'
import type { TaskState } from '../state/task-state.ts'
import type { ProcessorNode } from '../topology/nodes.ts'
import type { Forward, OperatorContext } from '../topology/operator.ts'
import type { AsyncTail } from './async-tail.ts'
import type { Drops } from './drops.ts'
import type { PunctuatorCall, Punctuators } from './punctuators.ts'
import type { NumberCell, TaskNumbers } from './task-numbers.ts'
import { checkNumber } from './task-numbers.ts'
import type { TaskScope } from './task-scope.ts'

/** What the nodes of one task share. */
export interface TaskParts {
  readonly applicationId: string
  readonly scope: TaskScope
  readonly state: TaskState | undefined
  readonly numbers: TaskNumbers
  readonly tail: AsyncTail
  readonly streamPunctuators: Punctuators
  readonly wallPunctuators: Punctuators
  readonly drops: Drops
  readonly logger: Logger
  readonly maxCompleteRows: number
  readonly requestCommit: () => void
  /** Makes each record that a node emits by itself a unit of its own, where a policy asks for it. */
  readonly guard: (node: string, forward: Forward) => Forward
}

export class NodeContext implements OperatorContext {
  readonly applicationId: string
  readonly taskId: string
  readonly partition: number
  readonly node: string
  readonly log: Logger
  readonly forward: Forward
  readonly #parts: TaskParts
  readonly #scope: TaskScope
  readonly #stores: readonly string[]
  readonly #children: ReadonlyMap<string, Forward>
  readonly #cells: ReadonlyMap<string, NumberCell>

  constructor(
    node: ProcessorNode,
    parts: TaskParts,
    forward: Forward,
    children: ReadonlyMap<string, Forward>,
  ) {
    this.applicationId = parts.applicationId
    this.taskId = parts.scope.taskId
    this.partition = parts.scope.partition
    this.node = node.name
    this.log = parts.logger
    this.forward = forward
    this.#parts = parts
    this.#scope = parts.scope
    this.#stores = node.stores
    this.#children = children
    this.#cells = new Map(
      node.numbers.map((name) => [name, parts.numbers.cell(node.name, name)] as const),
    )
  }

  get streamTime(): number {
    return this.#scope.streamTime()
  }

  get wallClock(): number {
    return this.#scope.clock.now()
  }

  get maxCompleteRows(): number {
    return this.#parts.maxCompleteRows
  }

  get recordMetadata(): RecordMetadata | undefined {
    return this.#scope.metadata
  }

  forwardTo(child: string): Forward {
    const forward = this.#children.get(child)
    if (forward !== undefined) return forward
    const names = [...this.#children.keys()].join(', ')
    throw new RangeError(`'${this.node}' has no child '${child}': it has ${names || 'none'}`)
  }

  callbackContext(timestamp: number, headers: RecordHeaders): RecordContext {
    return this.#scope.callbackContext(timestamp, headers)
  }

  store<S>(name: string): S {
    const { state } = this.#parts
    if (state === undefined || !this.#stores.includes(name))
      throw new FatalError('INTERNAL', `'${this.node}' opens store '${name}', which is not its own`)
    // The operator knows what it declared; the inner store was made from that declaration.
    return state.store(name) as S
  }

  number(name: string): number | undefined {
    return this.#cell(name).value
  }

  setNumber(name: string, value: number): void {
    checkNumber(this.node, name, value)
    this.#parts.numbers.set(this.#cell(name), value)
  }

  defer(work: () => Promise<void>): void {
    const { tail } = this.#parts
    tail.push(async () => {
      try {
        await work()
      } catch (thrown) {
        throw this.#scope.blame(this.node, thrown)
      }
    })
  }

  schedule(everyMs: number, time: 'stream' | 'wall-clock', punctuator: PunctuatorCall): Disposable {
    const { streamPunctuators, wallPunctuators } = this.#parts
    return time === 'stream'
      ? streamPunctuators.schedule(this.node, everyMs, this.#firstOf(everyMs), punctuator)
      : wallPunctuators.schedule(this.node, everyMs, this.wallClock + everyMs, punctuator)
  }

  commit(): void {
    this.#parts.requestCommit()
  }

  drop(reason: DropReason, lateBy?: number): void {
    this.#parts.drops.count(this.node, reason, lateBy)
  }

  /**
   * At once, as in Kafka Streams; but what is scheduled while a task that has been here before is
   * made has fired up to the stream time that was committed.
   */
  #firstOf(everyMs: number): number {
    const { streamTime } = this
    if (!this.#scope.making || streamTime < 0) return 0
    return (Math.floor(streamTime / everyMs) + 1) * everyMs
  }

  #cell(name: string): NumberCell {
    const cell = this.#cells.get(name)
    if (cell !== undefined) return cell
    throw new FatalError(
      'INTERNAL',
      `'${this.node}' uses number '${name}', which it did not declare`,
    )
  }
}
