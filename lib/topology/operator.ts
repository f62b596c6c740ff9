/**
 * What every processor node compiles to: a function of one record, by position, so that no object
 * is made on the way from operator to operator.
 *
 * 1. `Forward` returns nothing. What is asynchronous goes through `context.defer`, and the runtime
 *    awaits it before the next record; whatever is forwarded meanwhile waits its turn behind it.
 * 2. An operator keeps nothing in fields that is not derived: rows of stores and named numbers are
 *    what commits; it is made anew from its supplier after an abort.
 * 3. Tables forward a `Change` as value; streams the value itself.
 */

import type { RecordHeaders } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import type { DropReason } from '../core/metrics.ts'
import type { RecordContext } from '../core/record.ts'

export type Forward = (
  key: unknown,
  value: unknown,
  timestamp: number,
  headers: RecordHeaders,
) => void

/** What a table tells its children. `undefined`: not there. Old is told only when somebody asked. */
export interface Change<V> {
  readonly now: V | undefined
  readonly before: V | undefined
}

export interface OperatorContext {
  readonly applicationId: string
  /** Sub-topology and partition, as `clicks_3`. */
  readonly taskId: string
  readonly partition: number
  readonly node: string
  readonly log: Logger
  /** The highest timestamp that the task has handed out; -1 before the first record. */
  readonly streamTime: number
  readonly wallClock: number
  /** Rows that one `emit({ complete })` of a task may tell: an option of the instance. */
  readonly maxCompleteRows: number
  /** To all children. */
  readonly forward: Forward
  /** To the child of that name; throws CALLBACK_FAILED when there is none. */
  forwardTo(child: string): Forward
  /** The reused third argument of callbacks, set to this record. */
  callbackContext(timestamp: number, headers: RecordHeaders): RecordContext
  /** The inner store, which has more than its public face; see state/. The type is the caller's claim. */
  store<S>(name: string): S
  /** A committed number of this node: `t` operator time, `w` last emitted window end, `m` emitted up to, `u:NAME` a user's. */
  number(name: string): number | undefined
  setNumber(name: string, value: number): void
  /** Runs after everything deferred before; the record is not finished until it has. */
  defer(work: () => Promise<void>): void
  schedule(
    everyMs: number,
    time: 'stream' | 'wall-clock',
    punctuator: (timestamp: number) => void | Promise<void>,
  ): Disposable
  /** Asks for a commit soon. */
  commit(): void
  /** Counts a record that goes no further; the first `late` of a node's run is logged. */
  drop(reason: DropReason, lateBy?: number): void
  /** Calls code of the user; what it throws becomes a RecordError CALLBACK_FAILED of this node. */
  readonly recordMetadata:
    | { readonly topic: string; readonly partition: number; readonly offset: number }
    | undefined
}

export interface Operator {
  readonly process: Forward
  /** Step 0 of a commit: forward what is told once per commit; true if anything was forwarded. */
  readonly beforeCommit?: () => void | Promise<void>
  readonly close?: () => void | Promise<void>
}

/** Called once per task, and again after an abort. */
export type OperatorSupplier = (context: OperatorContext) => Operator
