/**
 * Virtual time: one heap of events, ordered by time and then by the order in which they were made.
 * `run` takes the next event, sets the time to its, calls it, and lets every promise that it settled
 * run to its end before the next. Nothing else moves time, so equal programs have equal runs.
 *
 * A `ProcessClock` is the clock of one process life: paused, its events wait; killed, they are
 * never called. Its wall clock may be off from the others'.
 */
import type { Clock, Timer } from '../../core/clock.ts'
import { sleepOn, systemClock } from '../../core/clock.ts'

interface Event {
  readonly at: number
  readonly order: number
  fire: (() => void) | undefined
}

/** Earliest first; equal times in the order in which they were scheduled. */
class EventHeap {
  readonly #events: Event[] = []

  get size(): number {
    return this.#events.length
  }

  peek(): Event | undefined {
    return this.#events[0]
  }

  push(event: Event): void {
    const events = this.#events
    let at = events.length
    events.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = events[parent]
      if (above === undefined || before(above, event)) break
      events[at] = above
      at = parent
    }
    events[at] = event
  }

  pop(): Event | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (last !== undefined && events.length > 0) this.#sink(last)
    return first
  }

  /** Puts an event at the top and lets it down to where it belongs. */
  #sink(event: Event): void {
    const events = this.#events
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = events[child]
      if (left === undefined) break
      const right = events[child + 1]
      if (right !== undefined && before(right, left)) child += 1
      const smaller = events[child]
      if (smaller === undefined || before(event, smaller)) break
      events[at] = smaller
      at = child
    }
    events[at] = event
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

export class VirtualTime {
  readonly #heap = new EventHeap()
  #now: number
  #orders = 0

  /** `start` in milliseconds since the epoch. */
  constructor(start: number) {
    this.#now = start
  }

  get now(): number {
    return this.#now
  }

  schedule(delayMs: number, fire: () => void): Timer {
    const event: Event = {
      at: this.#now + Math.max(0, delayMs),
      order: this.#orders++,
      fire,
    }
    this.#heap.push(event)
    return {
      cancel: () => {
        event.fire = undefined
      },
    }
  }

  /** Runs events until `done` says so, none is left, or the time is up; tells which. */
  async run(until: number, done: () => boolean): Promise<'done' | 'idle' | 'timeout'> {
    for (;;) {
      // Only promises of ours are pending, so one macrotask drains them all.
      await systemClock.yield()
      if (done()) return 'done'
      const next = this.#heap.peek()
      if (next === undefined) return 'idle'
      if (next.at > until) return 'timeout'
      this.#heap.pop()
      if (next.fire === undefined) continue
      this.#now = next.at
      next.fire()
    }
  }

  /** The clock of the world: of the broker, and of whoever plans the faults. */
  clock(): Clock {
    return new ProcessClock(this, 0)
  }
}

export class ProcessClock implements Clock {
  readonly #time: VirtualTime
  readonly #wallOffsetMs: number
  #pausedUntil = 0
  #alive = true

  constructor(time: VirtualTime, wallOffsetMs: number) {
    this.#time = time
    this.#wallOffsetMs = wallOffsetMs
  }

  get alive(): boolean {
    return this.#alive
  }

  now(): number {
    return Math.floor(this.#time.now) + this.#wallOffsetMs
  }

  monotonic(): number {
    return this.#time.now
  }

  timer(delayMs: number, fire: () => void): Timer {
    let inner = this.#time.schedule(delayMs, () => wake())
    const wake = (): void => {
      if (!this.#alive) return
      const wait = this.#pausedUntil - this.#time.now
      if (wait <= 0) fire()
      // Late, but in order: all that was due during the pause is called at its end.
      else inner = this.#time.schedule(wait, wake)
    }
    return { cancel: () => inner.cancel() }
  }

  /** What arrives for this process from outside, such as an answer: dropped or held back like a timer. */
  deliver(delayMs: number, fire: () => void): void {
    this.timer(delayMs, fire)
  }

  yield(): Promise<void> {
    return this.sleep(0)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** Stops the process for that long, as SIGSTOP or a long garbage collection does. */
  pause(forMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#time.now + forMs)
  }

  /** kill -9: nothing of this life is ever called again. */
  kill(): void {
    this.#alive = false
  }
}
