/** Whoever waits for something to happen, with a limit in time. */
import type { Clock } from '../../core/clock.ts'

export class Waiters {
  #waiting: (() => void)[] = []

  /** Lets everybody go. */
  wake(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Resolves at the next `wake`, after that long, or when the signal aborts. */
  wait(clock: Clock, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        timer?.cancel()
        signal?.removeEventListener('abort', done)
        const at = this.#waiting.indexOf(done)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve()
      }
      const timer = timeoutMs < Infinity ? clock.timer(timeoutMs, done) : undefined
      signal?.addEventListener('abort', done)
      this.#waiting.push(done)
    })
  }
}
