/**
 * Finds cells by the bytes of their keys: a table of hashes and cells, tried one place after the other
 * from the one that the hash says. There is no limit of entries but memory.
 */
import { NONE } from './cell-places.ts'
import type { Cells } from './cells.ts'

const FIRST_PLACES = 8

/** Of a key, one char a byte: FNV-1a, with a finish that spreads the last chars. */
export function hashOfKey(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

export class CellTable {
  readonly #cells: Cells
  readonly #head: number
  readonly #tail: number
  /** Hash and cell + 1, side by side; 0 where there is none. */
  #places: Int32Array = new Int32Array(FIRST_PLACES * 2)
  #mask = FIRST_PLACES - 1
  #size = 0

  /** Keys count without `head` bytes in front and `tail` behind. */
  constructor(cells: Cells, head = 0, tail = 0) {
    this.#cells = cells
    this.#head = head
    this.#tail = tail
  }

  get size(): number {
    return this.#size
  }

  /** The cell with this key; `NONE`. */
  find(hash: number, key: string): number {
    const places = this.#places
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const cell = (places[place * 2 + 1] as number) - 1
      if (cell === NONE) return NONE
      if (places[place * 2] === hash && this.#cells.hasKey(cell, key, this.#head, this.#tail))
        return cell
    }
  }

  /** No cell with its key is here. */
  add(cell: number): void {
    this.#size++
    // Two thirds full at most.
    if (this.#size * 3 > (this.#mask + 1) * 2) this.#grow()
    this.#place(this.#cells.hash(cell), cell)
  }

  /** Puts a cell in the place of another one with the same key. */
  replace(cell: number, by: number): void {
    const place = this.#placeOf(cell)
    if (place !== NONE) this.#places[place * 2 + 1] = by + 1
  }

  /** False when it is not here. */
  remove(cell: number): boolean {
    let gap = this.#placeOf(cell)
    if (gap === NONE) return false
    const places = this.#places
    const mask = this.#mask
    this.#size--
    // Whoever would be found only by way of the gap moves into it.
    for (let place = (gap + 1) & mask; places[place * 2 + 1] !== 0; place = (place + 1) & mask) {
      const home = (places[place * 2] as number) & mask
      if (((place - home) & mask) < ((place - gap) & mask)) continue
      places[gap * 2] = places[place * 2] as number
      places[gap * 2 + 1] = places[place * 2 + 1] as number
      gap = place
    }
    places[gap * 2 + 1] = 0
    return true
  }

  /** What it is called with may leave cells, but add none. */
  forEach(see: (cell: number) => void): void {
    const places = this.#places
    for (let at = 1; at < places.length; at += 2)
      if (places[at] !== 0) see((places[at] as number) - 1)
  }

  #placeOf(cell: number): number {
    const places = this.#places
    for (let place = this.#cells.hash(cell) & this.#mask; ; place = (place + 1) & this.#mask) {
      const there = places[place * 2 + 1]
      if (there === cell + 1) return place
      if (there === 0) return NONE
    }
  }

  #place(hash: number, cell: number): void {
    const places = this.#places
    let place = hash & this.#mask
    while (places[place * 2 + 1] !== 0) place = (place + 1) & this.#mask
    places[place * 2] = hash
    places[place * 2 + 1] = cell + 1
  }

  #grow(): void {
    const before = this.#places
    this.#places = new Int32Array(before.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let at = 0; at < before.length; at += 2)
      if (before[at + 1] !== 0) this.#place(before[at] as number, (before[at + 1] as number) - 1)
  }
}
