/** A clock that stands still until somebody moves it; timers fire as it passes them. */
import type { Clock, Timer } from '../../core/clock.ts'
import { sleepOn } from '../../core/clock.ts'

interface Pending {
  readonly at: number
  readonly fire: () => void
}

export class ManualClock implements Clock {
  #now: number
  #pending: Pending[] = []

  constructor(now: number) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  timer(delayMs: number, fire: () => void): Timer {
    const pending: Pending = { at: this.#now + delayMs, fire }
    this.#pending.push(pending)
    return { cancel: () => this.#remove(pending) }
  }

  yield(): Promise<void> {
    return Promise.resolve()
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** Moves time, and fires what it passes, earliest first. */
  advance(byMs: number): void {
    const until = this.#now + byMs
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at)
      this.#remove(next)
      next.fire()
    }
    this.#now = until
  }

  #next(until: number): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending)
      if (pending.at <= until && (first === undefined || pending.at < first.at)) first = pending
    return first
  }

  #remove(pending: Pending): void {
    this.#pending = this.#pending.filter((other) => other !== pending)
  }
}
