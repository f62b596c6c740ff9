/**
 * Rows in order of their keys, in memory: chunks of sorted arrays. A snapshot shares the chunks, and
 * a chunk that a snapshot has is copied before it changes. Keys are bytes, one char each.
 */

const CHUNK_ROWS = 256

interface Chunk<V> {
  readonly keys: string[]
  readonly values: V[]
  /** Snapshots taken since may share it. */
  readonly epoch: number
}

export interface StringRange {
  /** Inclusive. */
  readonly from?: string | undefined
  /** Exclusive. */
  readonly until?: string | undefined
  readonly reverse?: boolean | undefined
}

export class SortedRows<V> {
  #chunks: Chunk<V>[] = []
  #epoch = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)]
    if (chunk === undefined) return undefined
    const at = lowerBound(chunk.keys, key)
    return chunk.keys[at] === key ? chunk.values[at] : undefined
  }

  set(key: string, value: V): void {
    if (this.#chunks.length === 0) this.#chunks.push({ keys: [], values: [], epoch: this.#epoch })
    const index = this.#chunkOf(key)
    const chunk = this.#own(index)
    const at = lowerBound(chunk.keys, key)
    if (chunk.keys[at] === key) {
      chunk.values[at] = value
      return
    }
    chunk.keys.splice(at, 0, key)
    chunk.values.splice(at, 0, value)
    this.#size++
    if (chunk.keys.length > CHUNK_ROWS) this.#split(index, chunk)
  }

  delete(key: string): void {
    const index = this.#chunkOf(key)
    const shared = this.#chunks[index]
    if (shared === undefined) return
    const at = lowerBound(shared.keys, key)
    if (shared.keys[at] !== key) return
    this.#size--
    if (shared.keys.length === 1) {
      this.#chunks.splice(index, 1)
      return
    }
    const chunk = this.#own(index)
    chunk.keys.splice(at, 1)
    chunk.values.splice(at, 1)
  }

  clear(): void {
    this.#chunks = []
    this.#size = 0
  }

  /** The rows as they are now, whatever changes later. */
  snapshot(range: StringRange): Iterable<[string, V]> {
    this.#epoch++
    return range.reverse === true
      ? backward(this.#chunks.slice(), range)
      : forward(this.#chunks.slice(), range)
  }

  /** The chunk that has or would take the key. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#chunks[middle]?.keys[0] ?? '') <= key) low = middle
      else high = middle - 1
    }
    return low
  }

  #own(index: number): Chunk<V> {
    const chunk = this.#chunks[index] ?? { keys: [], values: [], epoch: -1 }
    if (chunk.epoch === this.#epoch) return chunk
    const copy = { keys: chunk.keys.slice(), values: chunk.values.slice(), epoch: this.#epoch }
    this.#chunks[index] = copy
    return copy
  }

  #split(index: number, chunk: Chunk<V>): void {
    // Rows often come in order: a full left half then stays as it is.
    const at = index === this.#chunks.length - 1 ? CHUNK_ROWS : CHUNK_ROWS >> 1
    const keys = chunk.keys.splice(at)
    const values = chunk.values.splice(at)
    this.#chunks.splice(index + 1, 0, { keys, values, epoch: this.#epoch })
  }
}

/** The first index whose key is not below. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function* forward<V>(chunks: readonly Chunk<V>[], range: StringRange): Iterable<[string, V]> {
  const { from, until } = range
  for (const { keys, values } of chunks) {
    if (from !== undefined && (keys.at(-1) ?? '') < from) continue
    for (let at = from === undefined ? 0 : lowerBound(keys, from); at < keys.length; at++) {
      const key = keys[at] as string
      if (until !== undefined && key >= until) return
      yield [key, values[at] as V]
    }
  }
}

function* backward<V>(chunks: readonly Chunk<V>[], range: StringRange): Iterable<[string, V]> {
  const { from, until } = range
  for (let index = chunks.length - 1; index >= 0; index--) {
    const { keys, values } = chunks[index] as Chunk<V>
    if (until !== undefined && (keys[0] ?? '') >= until) continue
    for (
      let at = (until === undefined ? keys.length : lowerBound(keys, until)) - 1;
      at >= 0;
      at--
    ) {
      const key = keys[at] as string
      if (from !== undefined && key < from) return
      yield [key, values[at] as V]
    }
  }
}
