/**
 * What the open span changed, so that a record that failed leaves nothing (DESIGN §14). Kept from
 * the first `mark` on, for it costs memory with every row; also counts the bytes of the overlay.
 */

export class Journal {
  /** Of the open span and the frozen one. */
  bytes = 0
  #undos: (() => void)[] = []
  #marking = false

  /** Whether undos are wanted. */
  get marking(): boolean {
    return this.#marking
  }

  mark(): number {
    this.#marking = true
    return this.#undos.length
  }

  /** What puts a change back that has just been made. */
  undo(step: () => void): void {
    if (this.#marking) this.#undos.push(step)
  }

  rollback(mark: number): void {
    for (let at = this.#undos.length - 1; at >= mark; at--) this.#undos[at]?.()
    this.#undos.length = Math.min(mark, this.#undos.length)
  }

  /** Marks made before mean nothing any more. */
  forget(): void {
    this.#undos = []
  }
}

/** A number of a store that belongs to the span: it freezes, commits and aborts with the rows. */
export class SpanNumber {
  readonly #journal: Journal
  #open: number
  #frozen: number
  #committed: number

  constructor(journal: Journal, initial: number) {
    this.#journal = journal
    this.#open = initial
    this.#frozen = initial
    this.#committed = initial
  }

  get value(): number {
    return this.#open
  }

  get committed(): number {
    return this.#committed
  }

  /** Keeps the higher one. */
  raise(value: number): void {
    const before = this.#open
    if (value <= before) return
    this.#open = value
    this.#journal.undo(() => {
      this.#open = before
    })
  }

  /** From outside the span: restored rows. */
  raiseCommitted(value: number): void {
    if (value > this.#committed) this.#committed = value
    if (value > this.#frozen) this.#frozen = value
    if (value > this.#open) this.#open = value
  }

  freeze(): void {
    this.#frozen = this.#open
  }

  commit(): void {
    this.#committed = this.#frozen
  }

  abort(): void {
    this.#open = this.#committed
    this.#frozen = this.#committed
  }

  reset(value: number): void {
    this.#open = value
    this.#frozen = value
    this.#committed = value
  }
}
