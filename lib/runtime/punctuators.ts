/**
 * Calls at times: stream time and wall clock, with Kafka Streams' semantics.
 *
 * 1. Stream time is aligned to 0 and fires first with the first record; the wall clock fires first
 *    one interval after `schedule`.
 * 2. After a gap a punctuator fires once, with the time that is, and stays on its grid.
 * 3. One that was disposed, from inside its own call too, never fires again.
 */
import { ConfigError } from '../core/errors.ts'

export type PunctuatorCall = (timestamp: number) => void | Promise<void>

/** One schedule of one node. */
interface Schedule {
  readonly node: string
  readonly everyMs: number
  readonly call: PunctuatorCall
  next: number
  active: boolean
}

/** One that is due, and how it is called by the task: under the node's name, errors included. */
export type Fire = (node: string, call: PunctuatorCall, timestamp: number) => void | Promise<void>

export class Punctuators {
  #schedules: Schedule[] = []
  #next = Number.POSITIVE_INFINITY

  /** Earliest time at which something is due; Infinity when nothing is scheduled. */
  get next(): number {
    return this.#next
  }

  /** `first`: when it is due at first; after that, multiples of the interval from there. */
  schedule(node: string, everyMs: number, first: number, call: PunctuatorCall): Disposable {
    if (!Number.isSafeInteger(everyMs) || everyMs <= 0)
      throw new ConfigError(
        'INVALID_OPTION',
        `node '${node}' schedules every ${everyMs} ms: an interval is at least 1 ms`,
      )
    const schedule: Schedule = { node, everyMs, call, next: first, active: true }
    this.#schedules.push(schedule)
    this.#next = Math.min(this.#next, first)
    return {
      [Symbol.dispose]: () => {
        schedule.active = false
        this.#schedules = this.#schedules.filter((other) => other !== schedule)
        this.#settle()
      },
    }
  }

  /**
   * Fires what is due at `now`, each once, earliest first. A promise is waited for before the next
   * one is called.
   */
  run(now: number, fire: Fire): void | Promise<void> {
    if (now < this.#next) return
    const due = this.#schedules
      .filter((schedule) => schedule.next <= now)
      .sort((a, b) => a.next - b.next)
    for (let at = 0; at < due.length; at++) {
      const pending = this.#fire(due[at], now, fire)
      if (pending !== undefined) return this.#rest(pending, due.slice(at + 1), now, fire)
    }
    this.#settle()
  }

  clear(): void {
    for (const schedule of this.#schedules) schedule.active = false
    this.#schedules = []
    this.#next = Number.POSITIVE_INFINITY
  }

  async #rest(
    pending: Promise<void>,
    due: readonly Schedule[],
    now: number,
    fire: Fire,
  ): Promise<void> {
    await pending
    for (const schedule of due) await this.#fire(schedule, now, fire)
    this.#settle()
  }

  #fire(schedule: Schedule | undefined, now: number, fire: Fire): void | Promise<void> {
    if (schedule?.active !== true) return
    const missed = Math.floor((now - schedule.next) / schedule.everyMs)
    schedule.next += (missed + 1) * schedule.everyMs
    return fire(schedule.node, schedule.call, now)
  }

  #settle(): void {
    this.#next = Number.POSITIVE_INFINITY
    for (const { next } of this.#schedules) this.#next = Math.min(this.#next, next)
  }
}
