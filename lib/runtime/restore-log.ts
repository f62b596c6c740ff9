/** How far a restore is, as a line of the log now and then, for whoever waits. */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { ActiveTask } from './active-task.ts'

const LINE_EVERY_MS = 5000

export class RestoreLog {
  readonly #clock: Clock
  readonly #logger: Logger
  #began = 0
  #next = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  begin(): void {
    this.#began = this.#clock.monotonic()
    this.#next = this.#began + LINE_EVERY_MS
  }

  /** When it is time: records done, in all, a second, and the seconds that are left at that rate. */
  tell(tasks: ReadonlySet<ActiveTask>): void {
    const now = this.#clock.monotonic()
    if (now < this.#next || tasks.size === 0) return
    this.#next = now + LINE_EVERY_MS
    let [done, total] = [0, 0]
    for (const { restore } of tasks) {
      done += restore?.done ?? 0
      total += restore?.total ?? 0
    }
    const perSecond = Math.round((1000 * done) / Math.max(1, now - this.#began))
    const secondsLeft = perSecond === 0 ? undefined : Math.round((total - done) / perSecond)
    const fields = { tasks: tasks.size, done, total, perSecond, secondsLeft }
    this.#logger.info(fields, 'restoring state from changelogs')
  }
}
