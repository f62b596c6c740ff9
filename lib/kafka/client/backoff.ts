/** Waits that double up to a limit, a little random so that many clients do not come back at once. */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'

const FIRST_MS = 2
const MAX_MS = 500

export class Backoff {
  readonly #clock: Clock
  readonly #random: Random
  readonly #firstMs: number
  readonly #maxMs: number
  #nextMs: number

  constructor(clock: Clock, random: Random, firstMs: number = FIRST_MS, maxMs: number = MAX_MS) {
    this.#clock = clock
    this.#random = random
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#nextMs = firstMs
  }

  /** The next wait in milliseconds. */
  next(): number {
    const wait = this.#nextMs * (0.8 + 0.4 * this.#random.next())
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs)
    return wait
  }

  wait(signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(this.next(), signal)
  }

  reset(): void {
    this.#nextMs = this.#firstMs
  }
}
