/**
 * A Map of user keys without the limit of one: a JavaScript Map throws at 16.7 million entries.
 * Keys are bytes, one char each.
 */

const MAX_ENTRIES = 4_000_000

export class WideMap<V> {
  /** One as long as there are few; a key is in one of them only. */
  readonly #maps: Map<string, V>[] = [new Map()]
  readonly #maxEntries: number

  constructor(maxEntries: number = MAX_ENTRIES) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    let size = 0
    for (const map of this.#maps) size += map.size
    return size
  }

  get(key: string): V | undefined {
    for (const map of this.#maps) {
      const value = map.get(key)
      if (value !== undefined) return value
    }
    return undefined
  }

  set(key: string, value: V): void {
    this.#mapFor(key).set(key, value)
  }

  delete(key: string): boolean {
    for (const map of this.#maps) if (map.delete(key)) return true
    return false
  }

  *[Symbol.iterator](): Iterator<[string, V]> {
    for (const map of this.#maps) yield* map
  }

  /** The one that has the key, else the first with room. */
  #mapFor(key: string): Map<string, V> {
    let roomy: Map<string, V> | undefined
    for (const map of this.#maps) {
      if (this.#maps.length === 1 && map.size < this.#maxEntries) return map
      if (map.has(key)) return map
      if (map.size < this.#maxEntries) roomy ??= map
    }
    if (roomy !== undefined) return roomy
    const map = new Map<string, V>()
    this.#maps.push(map)
    return map
  }
}
