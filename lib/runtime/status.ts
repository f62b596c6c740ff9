/** What an application says of itself while it runs, and how it is stopped. */
import type { Duration } from '../core/duration.ts'
import type { StreamsError } from '../core/errors.ts'

export type StreamsState =
  | 'created'
  | 'rebalancing'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'failed'

export interface TaskStatus {
  /** Sub-topology and partition, as `clicks_3`. */
  readonly id: string
  readonly state: 'created' | 'restoring' | 'running' | 'suspended' | 'closed'
  /** Milliseconds since the epoch; -1 before the first record. */
  readonly streamTime: number
  /** Records. */
  readonly lag: number
  readonly restore?: { readonly done: number; readonly total: number }
  /** Its state could not be read at the start and came from the changelog (`onUnreadableState`). */
  readonly rebuilt?: { readonly reason: string }
}

export interface Status {
  readonly state: StreamsState
  readonly tasks: readonly TaskStatus[]
  readonly error: StreamsError | undefined
  /** What it is doing now, in words. */
  readonly message: string
  /** Input waits that is not processed yet. */
  readonly isDataAvailable: boolean
  /** Input came faster than it was processed in the last 3 progress reports. */
  readonly behind: boolean
}

/** The last second or so, in Spark's field names. */
export interface Progress {
  readonly id: string
  readonly runId: string
  readonly batchId: number
  /** ISO 8601. */
  readonly timestamp: string
  readonly numInputRows: number
  readonly inputRowsPerSecond: number
  readonly processedRowsPerSecond: number
  readonly durationMs: Readonly<Record<string, number>>
  /** ISO 8601; empty text when no record was seen. The watermark is the lowest stream time. */
  readonly eventTime: { readonly min: string; readonly max: string; readonly watermark: string }
  readonly stateOperators: readonly { readonly name: string; readonly numRowsTotal: number }[]
  readonly sources: readonly { readonly description: string; readonly lag: number }[]
  readonly sink: { readonly description: string; readonly numOutputRows: number }
}

/** Events and what their listeners get. */
export interface StreamsEvents {
  readonly state: (state: StreamsState, before: StreamsState) => void
  readonly progress: (progress: Progress) => void
  readonly restored: (store: string, rows: number) => void
}

/**
 * Commits what was processed (default), or first everything that was received: what lies up to the
 * ends read at the call is processed. `graceful: false` aborts the open span and closes at once; the
 * other two become it at the timeout (`stopTimeout`, 20 s).
 */
export type StopOptions =
  | { readonly drain?: boolean; readonly graceful?: true; readonly timeout?: Duration }
  | { readonly graceful: false; readonly drain?: never; readonly timeout?: never }

/** Which of the three ways to stop it was in the end. */
export interface StopResult {
  /** Everything that had been received was processed and committed. */
  readonly drained: boolean
  /** The open span was dropped: its records come again at the next start. */
  readonly aborted: boolean
  /** Records that were received and not processed. */
  readonly leftBehind: number
}
