/**
 * Notices that the whole process stood still: SIGSTOP, a suspended machine, a blocked event loop.
 *
 * Who slept longer than half the session may have lost its partitions without having heard of it, so
 * it asks the coordinator before it writes anything.
 */
import type { Clock, Timer } from '../core/clock.ts'

export class PauseWatch {
  readonly #clock: Clock
  readonly #limitMs: number
  #seen: number
  #paused = false
  #timer: Timer | undefined

  constructor(clock: Clock, sessionTimeoutMs: number) {
    this.#clock = clock
    this.#limitMs = sessionTimeoutMs / 2
    this.#seen = clock.monotonic()
    this.#arm()
  }

  /** Whether there was a pause since the last call that said so. */
  check(): boolean {
    this.#look()
    const paused = this.#paused
    this.#paused = false
    return paused
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #look(): void {
    const now = this.#clock.monotonic()
    if (now - this.#seen > this.#limitMs) this.#paused = true
    this.#seen = now
  }

  #arm(): void {
    this.#timer = this.#clock.timer(this.#limitMs / 4, () => {
      this.#look()
      this.#arm()
    })
  }
}
