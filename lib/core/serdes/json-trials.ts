/**
 * Whether a serde tries its fast path for JSON with a record. To try in vain costs, so there is an
 * account: where too many are in vain it rests, and tries again with a few records in a thousand.
 */
const FULL = 60
const TRIAL = 10
const REST = 1000

/** Of what one serde reads, or of what it writes. */
export class JsonTrials {
  readonly #loss: number
  #credit = FULL
  #resting = 0

  /** One in vain costs `loss` times what one saves that is not. */
  constructor(loss: number) {
    this.#loss = loss
  }

  /** Whether the next is to be let be. */
  get rests(): boolean {
    return this.#resting > 0
  }

  /** Counts a record; whether it is to be let be. */
  skips(): boolean {
    if (this.#resting === 0) return false
    this.#resting -= 1
    return true
  }

  /** Counts one that was of use. */
  gained(): void {
    if (this.#credit < FULL) this.#credit += 1
  }

  /** Counts one in vain. */
  lost(): void {
    this.#credit -= this.#loss
    if (this.#credit > 0) return
    this.#credit = TRIAL
    this.#resting = REST
  }
}
