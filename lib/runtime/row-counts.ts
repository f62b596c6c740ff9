/**
 * How many rows each store has, for progress reports. Counting reads the whole store, so it is done
 * in the background and so seldom that it takes about a hundredth of the time.
 */
import type { Clock } from '../core/clock.ts'
import type { RunningTask } from './active-task.ts'

const LEAST_PAUSE_MS = 60_000
const PAUSE_FACTOR = 100

/** What is asked of the inner stores that can be counted. */
interface Countable {
  approximateSize?(): Promise<number>
}

export interface RowCount {
  readonly name: string
  readonly numRowsTotal: number
}

export class RowCounts {
  readonly #clock: Clock
  #counts: readonly RowCount[] = []
  #next = 0
  #counting = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** As last counted; begins to count again when that is long ago. */
  of(tasks: readonly RunningTask[]): readonly RowCount[] {
    if (!this.#counting && this.#clock.monotonic() >= this.#next) void this.#count(tasks)
    return this.#counts
  }

  async #count(tasks: readonly RunningTask[]): Promise<void> {
    this.#counting = true
    const began = this.#clock.monotonic()
    try {
      const rows = new Map<string, number>()
      for (const { state, plan } of tasks)
        for (const { name } of plan.subTopology.stores) {
          const store = state?.store(name) as Countable | undefined
          if (store?.approximateSize === undefined) continue
          rows.set(name, (rows.get(name) ?? 0) + (await store.approximateSize()))
        }
      this.#counts = [...rows].map(([name, numRowsTotal]) => ({ name, numRowsTotal }))
    } catch {
      // The task went elsewhere meanwhile; the next report counts what is here then.
    } finally {
      const now = this.#clock.monotonic()
      this.#next = now + Math.max(LEAST_PAUSE_MS, PAUSE_FACTOR * (now - began))
      this.#counting = false
    }
  }
}
