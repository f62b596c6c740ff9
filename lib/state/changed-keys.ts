/**
 * Which committed rows changed since a changelog offset, for what is told once per interval and is
 * still owed after an abort or a takeover. Derived: a takeover fills it from the changelog.
 */

export class ChangedKeys {
  /** By key, an offset that its last change is at or above; latest changes last. */
  #offsets = new Map<string, number>()
  #from: number | undefined

  /** Changes below are owed to nobody any more; before the first call nothing is remembered. */
  keepFrom(offset: number): void {
    this.#from = offset
    for (const [key, at] of this.#offsets) if (at < offset) this.#offsets.delete(key)
  }

  note(key: string, offset: number): void {
    if (this.#from === undefined || offset < this.#from) return
    this.#offsets.delete(key)
    this.#offsets.set(key, offset)
  }

  *since(offset: number): Iterable<string> {
    for (const [key, at] of this.#offsets) if (at >= offset) yield key
  }

  forget(): void {
    this.#offsets = new Map()
  }
}
