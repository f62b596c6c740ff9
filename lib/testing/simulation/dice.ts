/**
 * Randomness keyed per decision: what is rolled depends on the seed and on the name of the decision,
 * not on how many came before. So taking one fault out of a plan does not reshuffle the others.
 */
import type { Random } from '../../core/random.ts'
import { seededRandom } from '../../core/random.ts'

export class Dice {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
  }

  /** At least 0, below 1; equal for equal names. */
  roll(...name: readonly (string | number)[]): number {
    return seededRandom(this.#hash(name)).next()
  }

  /** At least `from`, below `to`. */
  between(from: number, to: number, ...name: readonly (string | number)[]): number {
    return from + this.roll(...name) * (to - from)
  }

  /** A stream of its own, for one life of a process. */
  stream(...name: readonly (string | number)[]): Random {
    return seededRandom(this.#hash(name))
  }

  /** FNV-1a over the seed and the words. */
  #hash(name: readonly (string | number)[]): number {
    let hash = Math.imul(this.#seed ^ 0x811c9dc5, 0x01000193)
    for (const word of name) {
      const text = `${word}/`
      for (let at = 0; at < text.length; at++)
        hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    }
    return hash >>> 0
  }
}
