/**
 * When a serde reads by the shape of earlier records, and when it does not: where records are of ever
 * other keys, or hold what is not read by shapes.
 */
import { JsonShape } from './json-shape.ts'
import { JsonTrials } from './json-trials.ts'

/** A string of a record may keep its whole text in memory, so texts must not be long. */
const MAX_TEXT = 1024

/** A record that is read saves about a fifth of what one costs that is read in vain. */
const LOSS = 5

/** Of one serde. */
export class JsonReader {
  readonly #shape = new JsonShape()
  readonly #trials = new JsonTrials(LOSS)

  /** What `JSON.parse` would give; undefined: it must be asked. */
  read(text: string): object | undefined {
    if (this.#trials.skips() || !isFit(text)) return undefined
    const read = this.#shape.read(text)
    if (read !== undefined) this.#trials.gained()
    return read
  }

  /** Takes the shape of what was parsed, after {@link read} has answered undefined. */
  learn(text: string, parsed: unknown): void {
    if (this.#trials.rests || !isFit(text)) return
    this.#shape.learn(parsed)
    this.#trials.lost()
  }
}

function isFit(text: string): boolean {
  return text.length <= MAX_TEXT && text.startsWith('{')
}
