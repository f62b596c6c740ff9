/**
 * A beat at a steady pace, one at a time: it runs on a timer of its own, so that restore, commit and
 * user code do not hold it up. What a beat says is its owner's affair.
 */
import type { Clock, Timer } from '../../core/clock.ts'

export class Heartbeats {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #beat: () => Promise<'answered' | 'unanswered'>
  #timer: Timer | undefined
  #life = 0

  /** `beat` never rejects; after an unanswered one the next comes sooner. */
  constructor(clock: Clock, intervalMs: number, beat: () => Promise<'answered' | 'unanswered'>) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#beat = beat
  }

  start(): void {
    this.stop()
    this.#schedule(this.#intervalMs, this.#life)
  }

  stop(): void {
    this.#life += 1
    this.#timer?.cancel()
  }

  #schedule(delayMs: number, life: number): void {
    this.#timer = this.#clock.timer(delayMs, () => {
      const began = this.#clock.monotonic()
      void this.#beat().then((outcome) => {
        if (life !== this.#life) return
        const pace = outcome === 'answered' ? this.#intervalMs : this.#intervalMs / 4
        this.#schedule(Math.max(0, began + pace - this.#clock.monotonic()), life)
      })
    })
  }
}
