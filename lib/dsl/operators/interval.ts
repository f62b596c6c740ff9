/**
 * The rhythm of `{ every }` and `{ complete }`: multiples of the interval since the epoch, on the wall
 * clock. What was last told commits as number `w`, so neither an abort nor a takeover skips one.
 */
import type { OperatorContext } from '../../topology/operator.ts'

/** One per view. */
export class Interval {
  readonly #context: OperatorContext
  readonly #everyMs: number

  constructor(context: OperatorContext, everyMs: number) {
    this.#context = context
    this.#everyMs = everyMs
  }

  /** The first interval counts from the first change, not from the first commit after it. */
  begin(): void {
    if (this.#context.number('w') === undefined) this.#context.setNumber('w', this.#now())
  }

  /** True once for each multiple that has passed; several that passed together are one. */
  due(): boolean {
    const now = this.#now()
    const told = this.#context.number('w')
    if (told === now) return false
    this.#context.setNumber('w', now)
    // A clock that was set back is followed.
    return told !== undefined && now > told
  }

  #now(): number {
    const now = this.#context.wallClock
    return now - (now % this.#everyMs)
  }
}
