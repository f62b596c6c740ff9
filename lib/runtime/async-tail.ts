/**
 * What the record in hand still has to do once its synchronous part has returned.
 *
 * Order is that of a program without `await`: what an entry adds while it runs comes before what
 * waited behind it, so records keep their order on every edge and a record goes depth first.
 */

type Work = () => void | Promise<void>

export class AsyncTail {
  /** What was added by the entry that runs, in order. */
  #added: Work[] = []
  /** What waits behind it, last first. */
  readonly #waiting: Work[] = []

  /** Something is deferred, so whatever is forwarded now has to queue behind it. */
  get busy(): boolean {
    return this.#added.length > 0
  }

  push(work: Work): void {
    this.#added.push(work)
  }

  async drain(): Promise<void> {
    for (let work = this.#next(); work !== undefined; work = this.#next()) await work()
  }

  /** How much was added by what runs, for `rollback`. */
  mark(): number {
    return this.#added.length
  }

  rollback(mark: number): void {
    this.#added.length = mark
  }

  clear(): void {
    this.#added = []
    this.#waiting.length = 0
  }

  #next(): Work | undefined {
    if (this.#added.length > 0) {
      const added = this.#added
      this.#added = []
      for (let at = added.length - 1; at >= 0; at--) {
        const work = added[at]
        if (work !== undefined) this.#waiting.push(work)
      }
    }
    return this.#waiting.pop()
  }
}

/** Whether to wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}
