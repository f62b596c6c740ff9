/**
 * When a serde reads by the shape of earlier records, and when it does not.
 *
 * To read in vain costs, so there is an account: where records are of ever other keys, or hold what is
 * not read by shapes, it rests, and tries again with a few records in a thousand.
 */
import { JsonShape } from './json-shape.ts'

/** A string of a record may keep its whole text in memory, so texts must not be long. */
const MAX_TEXT = 1024

/** A record that is read saves about a fifth of what one costs that is read in vain. */
const LOSS = 5
const FULL = 60
const TRIAL = 10
const REST = 1000

/** Of one serde. */
export class JsonReader {
  readonly #shape = new JsonShape()
  #credit = FULL
  #resting = 0

  /** What `JSON.parse` would give; undefined: it must be asked. */
  read(text: string): object | undefined {
    if (this.#resting > 0) {
      this.#resting -= 1
      return undefined
    }
    if (!isFit(text)) return undefined
    const read = this.#shape.read(text)
    if (read !== undefined && this.#credit < FULL) this.#credit += 1
    return read
  }

  /** Takes the shape of what was parsed, after {@link read} has answered undefined. */
  learn(text: string, parsed: unknown): void {
    if (this.#resting > 0 || !isFit(text)) return
    this.#shape.learn(parsed)
    this.#credit -= LOSS
    if (this.#credit > 0) return
    this.#credit = TRIAL
    this.#resting = REST
  }
}

function isFit(text: string): boolean {
  return text.length <= MAX_TEXT && text.startsWith('{')
}
