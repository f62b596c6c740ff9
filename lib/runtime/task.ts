/**
 * One sub-topology over one partition: queues, times, the compiled topology, error policies, and
 * what of it commits.
 */
import type { RecordError } from '../core/errors.ts'
import type { RecordView } from '../core/record-view.ts'
import type { FrozenSpan } from './frozen-span.ts'
import type { PartitionEnd, TaskOptions, TaskStart } from './task-options.ts'

export declare class Task {
  readonly id: string
  readonly partition: number
  constructor(options: TaskOptions)
  readonly streamTime: number
  readonly queuedRecords: number
  queuedOf(topic: string): number
  addBatch(topic: string, view: RecordView, firstIndex: number, nextOffset: number): void
  setEnd(topic: string, end: PartitionEnd): void
  readyToProcess(now: number): boolean
  processOne(): void | Promise<void>
  punctuate(now: number): void | Promise<void>
  /** When the next wall-clock punctuation is due; Infinity when there is none. */
  readonly nextPunctuation: number
  emitBeforeCommit(): Promise<void>
  freeze(): FrozenSpan
  committed(span: FrozenSpan, ends: ReadonlyMap<string, { readonly offset: number; readonly leaderEpoch: number }>): void
  /** Queues dropped, processors closed and made anew over committed rows; begins at `start` again. */
  abort(start?: ReadonlyMap<string, TaskStart>): Promise<void>
  /** A record that the broker refused: when it is met again, the produce policy takes it. */
  refuse(error: RecordError): void
  close(): Promise<void>
}
