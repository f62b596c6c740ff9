/**
 * PORT: time. Everything that reads a clock or waits does it through here, so that a simulation
 * owns both. The system clock is the only code that names Node's timers.
 *
 * 1. `now` is wall-clock time and may jump; `monotonic` never goes back and measures durations.
 * 2. A timer that was cancelled never fires.
 */
import { performance } from 'node:perf_hooks'

/** Of JavaScript's dates. */
const LAST_DATE_MS = 8.64e15

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Milliseconds since the epoch, whole. */
  now(): number
  /** Milliseconds, fractional, from an arbitrary start. */
  monotonic(): number
  /** Calls `fire` once, at least `delayMs` from now. */
  timer(delayMs: number, fire: () => void): Timer
  /** Resolves in a later macrotask, so that sockets and timers get their turn. */
  yield(): Promise<void>
  /** Resolves after `delayMs`, or at once when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Waits by the timers of any clock; an abort ends the wait early, without an error. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.timer(delayMs, done)
    signal?.addEventListener('abort', done)
  })
}

/** ISO 8601 in UTC; a time that no calendar has is cut to the last one it has. */
export function isoTime(timeMs: number): string {
  return new Date(Math.max(-LAST_DATE_MS, Math.min(timeMs, LAST_DATE_MS))).toISOString()
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer: (delayMs, fire) => {
    const handle = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
}
