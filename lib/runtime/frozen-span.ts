/** What one task has to commit, as data: it stays what it is while processing goes on. */
import type { FrozenRows } from '../state/frozen-rows.ts'

/** A committed offset to be, with the times and numbers that ride on it. */
export interface FrozenPosition {
  readonly topic: string
  readonly partition: number
  /** The first record not yet processed, or the fetch position when the queue is empty. */
  readonly offset: number
  /** Offset metadata (FORMATS), at most 3 kB. */
  readonly metadata: string
}

export interface FrozenSpan {
  readonly taskId: string
  /**
   * Every input of the task that has a position, moved or not: a transaction without one of them
   * has no fence.
   */
  readonly positions: readonly FrozenPosition[]
  /** Undefined: the task has no state. */
  readonly changelog: FrozenRows | undefined
  /** Whether anything happened since the last commit. */
  readonly dirty: boolean
}
