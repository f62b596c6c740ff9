/**
 * A state machine written as its transition table.
 *
 * `to()` throws on a transition that the table does not list, so the table is the documentation.
 */
import { FatalError } from './errors.ts'

export class Lifecycle<S extends string> {
  readonly #table: Readonly<Record<S, readonly S[]>>
  #state: S

  constructor(table: Readonly<Record<S, readonly NoInfer<S>[]>>, initial: NoInfer<S>) {
    this.#table = table
    this.#state = initial
  }

  get state(): S {
    return this.#state
  }

  /** Whether the table allows it now. */
  can(next: S): boolean {
    return this.#table[this.#state].includes(next)
  }

  to(next: S): void {
    if (!this.can(next))
      throw new FatalError('INTERNAL', `illegal transition ${this.#state} → ${next}`)
    this.#state = next
  }
}
