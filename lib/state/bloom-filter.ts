/**
 * Says of an id that it is surely new, or perhaps not: in front of the rows of a dedup segment. Grows
 * by filters of eight times the size, so that few ids take little room; about 1 % of new ids are
 * taken for perhaps seen. Nothing can be removed: an id of an aborted span costs one look.
 */

const FIRST_CAPACITY = 8192
const GROWTH = 8
const BITS_PER_ID = 10
const HASHES = 7

interface Stage {
  readonly bits: Uint32Array
  readonly capacity: number
  ids: number
}

/** Two hashes of a key, from which all others are made. */
export interface KeyHash {
  readonly one: number
  readonly two: number
}

/** FNV-1a twice, with a finish that spreads the last chars. */
export function hashOf(key: string): KeyHash {
  let one = 0x811c9dc5
  let two = 0x9747b28c
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    one = Math.imul(one ^ code, 0x01000193)
    two = Math.imul(two ^ code, 0x85ebca6b)
    two ^= two >>> 13
  }
  one ^= one >>> 16
  two ^= two >>> 15
  return { one: Math.imul(one, 0x7feb352d) >>> 0, two: (Math.imul(two, 0xc2b2ae35) | 1) >>> 0 }
}

export class BloomFilter {
  readonly #stages: Stage[] = []

  /** False: surely not added. */
  mayHave(hash: KeyHash): boolean {
    for (const { bits } of this.#stages) if (hasAll(bits, hash)) return true
    return false
  }

  add(hash: KeyHash): void {
    let stage = this.#stages.at(-1)
    if (stage === undefined || stage.ids >= stage.capacity) {
      const capacity = stage === undefined ? FIRST_CAPACITY : stage.capacity * GROWTH
      stage = { bits: new Uint32Array((capacity * BITS_PER_ID) >>> 5), capacity, ids: 0 }
      this.#stages.push(stage)
    }
    stage.ids++
    setAll(stage.bits, hash)
  }
}

function hasAll(bits: Uint32Array, { one, two }: KeyHash): boolean {
  const length = bits.length * 32
  let hash = one
  for (let round = 0; round < HASHES; round++) {
    const at = hash % length
    if (((bits[at >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false
    hash = (hash + two) >>> 0
  }
  return true
}

function setAll(bits: Uint32Array, { one, two }: KeyHash): void {
  const length = bits.length * 32
  let hash = one
  for (let round = 0; round < HASHES; round++) {
    const at = hash % length
    bits[at >>> 5] = (bits[at >>> 5] ?? 0) | (1 << (at & 31))
    hash = (hash + two) >>> 0
  }
}
