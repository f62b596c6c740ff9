/** One waiting loop that may be woken early: by data, a rebalance, a stop, a deadline. */
import type { Clock } from '../core/clock.ts'

export class Wakeup {
  readonly #clock: Clock
  #pending = false
  #resolve: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the wait that is on, or the next one before it begins. */
  wake(): void {
    this.#pending = true
    this.#resolve?.()
  }

  /** Resolves when woken, or after `delayMs`. */
  wait(delayMs: number): Promise<void> {
    if (this.#pending) {
      this.#pending = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.#resolve = undefined
        this.#pending = false
        resolve()
      }
      const timer = this.#clock.timer(delayMs, done)
      this.#resolve = done
    })
  }
}
