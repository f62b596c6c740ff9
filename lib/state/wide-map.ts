/**
 * A Map of user keys without the limit of one: a JavaScript Map throws at 16.7 million entries.
 * Keys are bytes, one char each.
 */

const MAX_ENTRIES = 4_000_000

export class WideMap<V> {
  /** All there is, as long as there are few; a key is in one map only. */
  readonly #first = new Map<string, V>()
  readonly #more: Map<string, V>[] = []
  readonly #maxEntries: number

  constructor(maxEntries: number = MAX_ENTRIES) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    let { size } = this.#first
    for (const map of this.#more) size += map.size
    return size
  }

  get(key: string): V | undefined {
    const value = this.#first.get(key)
    return value === undefined && this.#more.length > 0 ? this.#further(key) : value
  }

  set(key: string, value: V): void {
    if (this.#more.length === 0 && this.#first.size < this.#maxEntries) this.#first.set(key, value)
    else this.#mapFor(key).set(key, value)
  }

  delete(key: string): boolean {
    return this.#first.delete(key) || this.#more.some((map) => map.delete(key))
  }

  *values(): Iterable<V> {
    yield* this.#first.values()
    for (const map of this.#more) yield* map.values()
  }

  #further(key: string): V | undefined {
    for (const map of this.#more) {
      const value = map.get(key)
      if (value !== undefined) return value
    }
    return undefined
  }

  /** The one that has the key, else the first with room. */
  #mapFor(key: string): Map<string, V> {
    const all = [this.#first, ...this.#more]
    const found = all.find((map) => map.has(key)) ?? all.find(({ size }) => size < this.#maxEntries)
    if (found !== undefined) return found
    const map = new Map<string, V>()
    this.#more.push(map)
    return map
  }
}
