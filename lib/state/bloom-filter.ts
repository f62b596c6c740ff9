/**
 * Says of an id that it is surely new, or perhaps not: in front of the rows of a dedup segment. Grows
 * by filters of eight times the size, so that few ids take little room; about 1 % of new ids are
 * taken for perhaps seen. Nothing can be removed: an id of an aborted span costs one look.
 *
 * All bits of an id lie in one block, so that it is at most one look into far memory (Putze, Sanders and
 * Singler 2007, Cache-, Hash- and Space-Efficient Bloom Filters).
 */

const FIRST_CAPACITY = 8192
const GROWTH = 8
const BITS_PER_ID = 12
const HASHES = 7
/** Bits and words of a block: a cache line. */
const BLOCK_BITS = 512
const BLOCK_WORDS = BLOCK_BITS / 32

interface Stage {
  readonly bits: Int32Array
  readonly blocks: number
  readonly capacity: number
  ids: number
}

/** Two hashes of a key, int32: one chooses the block, the other the bits in it. */
export interface KeyHash {
  readonly one: number
  readonly two: number
}

/** Of the chars from `from` on: FNV-1a twice, with a finish that spreads the last chars. */
export function hashOf(key: string, from = 0): KeyHash {
  let one = 0x811c9dc5 | 0
  let two = 0x9747b28c | 0
  for (let at = from; at < key.length; at++) {
    const code = key.charCodeAt(at)
    one = Math.imul(one ^ code, 0x01000193)
    two = Math.imul(two ^ code, 0x85ebca6b)
    two ^= two >>> 13
  }
  one ^= one >>> 16
  two ^= two >>> 15
  return { one: Math.imul(one, 0x7feb352d), two: Math.imul(two, 0xc2b2ae35) }
}

export class BloomFilter {
  readonly #stages: Stage[] = []

  /** False: surely not added. */
  mayHave(hash: KeyHash): boolean {
    for (const stage of this.#stages) if (hasAll(stage, hash)) return true
    return false
  }

  add(hash: KeyHash): void {
    let stage = this.#stages.at(-1)
    if (stage === undefined || stage.ids >= stage.capacity) {
      const capacity = stage === undefined ? FIRST_CAPACITY : stage.capacity * GROWTH
      const blocks = (capacity * BITS_PER_ID) / BLOCK_BITS
      stage = { bits: new Int32Array(blocks * BLOCK_WORDS), blocks, capacity, ids: 0 }
      this.#stages.push(stage)
    }
    stage.ids++
    setAll(stage, hash)
  }
}

function hasAll({ bits, blocks }: Stage, { one, two }: KeyHash): boolean {
  const block = blockOf(blocks, one)
  const step = stepOf(two)
  let hash = two
  for (let round = 0; round < HASHES; round++) {
    const at = (hash >>> 5) & (BLOCK_WORDS - 1)
    if (((bits[block + at] as number) & (1 << hash)) === 0) return false
    hash = (hash + step) | 0
  }
  return true
}

function setAll({ bits, blocks }: Stage, { one, two }: KeyHash): void {
  const block = blockOf(blocks, one)
  const step = stepOf(two)
  let hash = two
  for (let round = 0; round < HASHES; round++) {
    const at = block + ((hash >>> 5) & (BLOCK_WORDS - 1))
    bits[at] = (bits[at] as number) | (1 << hash)
    hash = (hash + step) | 0
  }
}

/** The first word of the block. */
function blockOf(blocks: number, hash: number): number {
  return Math.floor(((hash >>> 0) / 0x1_0000_0000) * blocks) * BLOCK_WORDS
}

/** Odd, from bits that do not say where the first bit is. */
function stepOf(hash: number): number {
  return (hash >>> 9) | 1
}
