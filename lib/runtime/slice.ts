/**
 * Processing for a few milliseconds, so that heartbeats, timers and HTTP get their turn: awaiting
 * promises that are resolved already is not yielding.
 */
import type { Clock } from '../core/clock.ts'
import { RecordError } from '../core/errors.ts'
import type { RunningTask } from './active-task.ts'

/** Longest work between two macrotasks. */
export const SLICE_MS = 10
/** Records of one task before the clock is read again. */
const ROUND = 64
/** Rounds of one task before the others get their turn: by then its records and rows are in the cache. */
const ROUNDS = 8

export interface SliceOptions {
  readonly clock: Clock
  /** A record in process for longer fails the instance. */
  readonly taskTimeoutMs: number
  /** Asked between rounds: a commit is due, memory is full, a rebalance waits. */
  readonly interrupted: () => boolean
}

export class Slice {
  readonly #options: SliceOptions
  #inHand: RunningTask | undefined
  /** Who had the last round. A slice that began at the first task each time might never reach others. */
  #last: RunningTask | undefined

  constructor(options: SliceOptions) {
    this.#options = options
  }

  /** Records until `until` (monotonic), until nothing is ready, or until interrupted; in a circle. */
  async run(tasks: readonly RunningTask[], until: number): Promise<number> {
    const { clock, interrupted } = this.#options
    let processed = 0
    let at = this.#last === undefined ? -1 : tasks.indexOf(this.#last)
    for (let idle = 0, rounds = 0; idle < tasks.length; ) {
      if (rounds === 0) at = (at + 1) % tasks.length
      const active = tasks[at]
      if (active === undefined) break
      const records = await this.#round(active)
      this.#last = active
      processed += records
      rounds = records < ROUND ? 0 : (rounds + 1) % ROUNDS
      idle = records === 0 ? idle + 1 : 0
      if (interrupted() || clock.monotonic() >= until) break
    }
    return processed
  }

  /** The task that had control when the last error was thrown; undefined: none of them. */
  takeCulprit(): RunningTask | undefined {
    const culprit = this.#inHand
    this.#inHand = undefined
    return culprit
  }

  /** Wall-clock punctuators that are due. */
  async punctuate(tasks: readonly RunningTask[], now: number): Promise<boolean> {
    let fired = false
    for (const active of tasks) {
      if (active.task.nextPunctuation > now) continue
      this.#inHand = active
      fired = true
      const pending = active.task.punctuate(now)
      if (pending !== undefined) await this.#bounded(pending, active)
    }
    this.#inHand = undefined
    return fired
  }

  async #round(active: RunningTask): Promise<number> {
    const { task } = active
    const now = this.#options.clock.now()
    this.#inHand = active
    let processed = 0
    while (processed < ROUND && task.readyToProcess(now)) {
      const pending = task.processOne()
      if (pending !== undefined) await this.#bounded(pending, active)
      processed++
    }
    this.#inHand = undefined
    return processed
  }

  async #bounded(pending: Promise<void>, active: RunningTask): Promise<void> {
    const { clock, taskTimeoutMs } = this.#options
    let expire: ((error: RecordError) => void) | undefined
    const expired = new Promise<never>((_resolve, reject) => {
      expire = reject
    })
    const timer = clock.timer(taskTimeoutMs, () => expire?.(tooLong(active, taskTimeoutMs)))
    try {
      await Promise.race([pending, expired])
    } finally {
      timer.cancel()
    }
  }
}

function tooLong(active: RunningTask, limitMs: number): RecordError {
  return new RecordError(
    'CALLBACK_TIMEOUT',
    `task ${active.id} has had one record in process for ${limitMs} ms (taskTimeout): a promise of a callback was never settled, or needs longer`,
    { phase: 'process', node: active.id },
  )
}
