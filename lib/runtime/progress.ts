/**
 * Progress reports: what came in, what was processed, where it stands, once a second.
 *
 * Counts only; who asks gets the last report, and listeners each new one.
 */
import { type Clock, isoTime } from '../core/clock.ts'
import type { Progress } from './status.ts'

const REPORT_EVERY_MS = 1000
/** Reports in a row with more input than was processed before it is called `behind`. */
const BEHIND_AFTER = 3

/** What the worker knows at the time of a report. */
export interface ProgressSample {
  readonly streamTimes: readonly number[]
  readonly stores: readonly { readonly name: string; readonly numRowsTotal: number }[]
  readonly sources: readonly { readonly description: string; readonly lag: number }[]
}

export class ProgressReporter {
  readonly #clock: Clock
  readonly #name: string
  readonly #runId: string
  readonly #keep: number
  readonly #reports: Progress[] = []
  #since: number
  #input = 0
  #processed = 0
  #output = 0
  #batch = 0
  #commitMs = 0
  #commits = 0
  #behindStreak = 0

  constructor(options: { clock: Clock; name: string; runId: string; keep: number }) {
    this.#clock = options.clock
    this.#name = options.name
    this.#runId = options.runId
    this.#keep = options.keep
    this.#since = options.clock.monotonic()
  }

  received(records: number): void {
    this.#input += records
  }

  processed(records: number): void {
    this.#processed += records
  }

  sent(records: number): void {
    this.#output += records
  }

  committed(tookMs: number): void {
    this.#commits++
    this.#commitMs += tookMs
  }

  get due(): boolean {
    return this.#clock.monotonic() - this.#since >= REPORT_EVERY_MS
  }

  /** Milliseconds until the next report. */
  get dueIn(): number {
    return Math.max(0, this.#since + REPORT_EVERY_MS - this.#clock.monotonic())
  }

  get behind(): boolean {
    return this.#behindStreak >= BEHIND_AFTER
  }

  /** The latest last. */
  get recent(): readonly Progress[] {
    return [...this.#reports]
  }

  report(sample: ProgressSample): Progress {
    const now = this.#clock.monotonic()
    const seconds = Math.max((now - this.#since) / 1000, 0.001)
    const known = sample.streamTimes.filter((time) => time >= 0)
    const progress: Progress = {
      id: this.#name,
      runId: this.#runId,
      batchId: this.#batch++,
      timestamp: isoTime(this.#clock.now()),
      numInputRows: this.#input,
      inputRowsPerSecond: this.#input / seconds,
      processedRowsPerSecond: this.#processed / seconds,
      durationMs: { interval: Math.round(seconds * 1000), commit: Math.round(this.#commitMs) },
      eventTime: {
        min: timeText(known, Math.min),
        max: timeText(known, Math.max),
        watermark: timeText(known, Math.min),
      },
      stateOperators: sample.stores,
      sources: sample.sources,
      sink: { description: `${this.#commits} commits`, numOutputRows: this.#output },
    }
    this.#behindStreak = this.#input > this.#processed ? this.#behindStreak + 1 : 0
    this.#reset(now)
    this.#reports.push(progress)
    if (this.#reports.length > this.#keep) this.#reports.shift()
    return progress
  }

  #reset(now: number): void {
    this.#since = now
    this.#input = 0
    this.#processed = 0
    this.#output = 0
    this.#commits = 0
    this.#commitMs = 0
  }
}

function timeText(times: readonly number[], pick: (...times: number[]) => number): string {
  return times.length === 0 ? '' : isoTime(pick(...times))
}

/** Before anything was counted. */
export function noProgress(name: string, clock: Clock): Progress {
  const reporter = new ProgressReporter({ clock, name, runId: '', keep: 1 })
  return reporter.report({ streamTimes: [], stores: [], sources: [] })
}
