/**
 * Writes the markers of decided transactions, each a little later than the decision and in no order:
 * EndTxn answered means decided, not visible.
 */
import type { Clock, Timer } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import { below } from '../../../core/random.ts'
import type { Participant } from './transaction.ts'

export interface Marker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly commit: boolean
}

/** Writes one marker; false: its leader is not there, try again. */
export type WriteMarker = (participant: Participant, marker: Marker) => boolean

/** Between two attempts to reach a leader. */
const RETRY_MS = 20

export class Markers {
  readonly #clock: Clock
  readonly #random: Random
  readonly #delayMs: readonly [least: number, most: number]
  readonly #write: WriteMarker
  readonly #timers = new Set<Timer>()

  constructor(o: {
    clock: Clock
    random: Random
    delayMs: readonly [least: number, most: number]
    write: WriteMarker
  }) {
    this.#clock = o.clock
    this.#random = o.random
    this.#delayMs = o.delayMs
    this.#write = o.write
  }

  /** Calls `done` once all are written. */
  send(participants: readonly Participant[], marker: Marker, done: () => void): void {
    let open = participants.length
    const [least, most] = this.#delayMs
    // Without a participant the decision becomes complete as late as with one.
    if (open === 0) this.#later(least, done)
    for (const participant of participants) {
      const attempt = (): void => {
        if (!this.#write(participant, marker)) this.#later(RETRY_MS, attempt)
        else if (--open === 0) done()
      }
      this.#later(least + below(this.#random, most - least + 1), attempt)
    }
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#clock.timer(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }
}
