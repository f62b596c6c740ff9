/**
 * What is done about an error: its class is the reaction (DESIGN §15.4).
 *
 * Migrated: drop and rejoin. Corrupted: wipe that state, restore. Retriable: give the span up, back
 * off, try again until `taskTimeout`. Refused records: replay without them. The rest is thrown.
 */
import { FatalError, type StreamsError } from '../core/errors.ts'
import { below } from '../core/random.ts'
import { OffsetOutOfRangeError } from '../kafka/client/offset-out-of-range-error.ts'
import { RefusedRecordError } from '../kafka/client/refused-record-error.ts'
import type { RunningTask } from './active-task.ts'
import type { Ownership } from './ownership.ts'
import type { Slice } from './slice.ts'
import { asStreamsError } from './unexpected.ts'
import type { WorkerOptions } from './worker-parts.ts'

const FIRST_BACKOFF_MS = 50
const LAST_BACKOFF_MS = 5000

export class Recovery {
  readonly #options: WorkerOptions
  readonly #own: Ownership
  readonly #slice: Slice
  readonly #halt: AbortSignal
  /** When the trouble that is on began (monotonic). */
  #since: number | undefined
  #attempts = 0

  constructor(options: WorkerOptions, own: Ownership, slice: Slice, halt: AbortSignal) {
    this.#options = options
    this.#own = own
    this.#slice = slice
    this.#halt = halt
  }

  /** A turn went well. */
  calm(): void {
    this.#since = undefined
    this.#attempts = 0
  }

  /** Throws what ends the instance. */
  async react(thrown: unknown): Promise<void> {
    const error = asStreamsError(thrown)
    const culprit = this.#slice.takeCulprit()
    const { logger } = this.#options
    switch (error.reaction) {
      case 'migrate':
        return this.#migrate(error)
      case 'rebuild':
        return this.#rebuild(error, culprit)
      case 'retry':
        return this.#retry(error)
      case 'policy':
        if (!(error instanceof RefusedRecordError)) throw error
        logger.warn({ code: error.code }, error.message)
        this.#own.refuse(error)
        return this.#own.giveUp()
      default:
        throw this.#named(error)
    }
  }

  /** What looks like being replaced may be our own transaction timing out: settling it tells. */
  async #migrate(error: StreamsError): Promise<void> {
    const { logger } = this.#options
    const unsure = error.code === 'FENCED' && !this.#own.claim.replaced
    if (unsure && this.#own.lost === undefined) {
      logger.warn({ code: error.code }, `the open span is given up: ${error.message}`)
      return this.#own.giveUp()
    }
    logger.warn({ code: error.code }, `tasks are lost: ${error.message}`)
    await this.#own.lose()
  }

  async #rebuild(error: StreamsError, active: RunningTask | undefined): Promise<void> {
    // Input that is gone is not state: nothing can bring it back, and nothing may skip it silently.
    if (error instanceof OffsetOutOfRangeError || active === undefined) throw error
    await this.#own.rebuild(active, error.code)
  }

  /** Which of the ids it is that somebody else has. */
  #named(error: StreamsError): StreamsError {
    const { instanceId } = this.#options.settings
    if (error.code !== 'INSTANCE_ID_IN_USE' || instanceId === undefined) return error
    return new FatalError(
      'INSTANCE_ID_IN_USE',
      `another living instance has instanceId '${instanceId}' and has taken the place of this one: give each instance an id of its own`,
      { cause: error },
    )
  }

  async #retry(error: StreamsError): Promise<void> {
    const { clock, random, logger, settings } = this.#options
    const now = clock.monotonic()
    this.#since ??= now
    if (now - this.#since > settings.taskTimeoutMs)
      throw new FatalError(
        'RETRIES_EXHAUSTED',
        `the cluster did not recover within ${settings.taskTimeoutMs} ms (taskTimeout): ${error.message}`,
        { cause: error },
      )
    const limit = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#attempts++)
    const delayMs = limit / 2 + below(random, limit / 2)
    logger.warn(
      { code: error.code, delayMs: Math.round(delayMs) },
      `${error.message}; trying again`,
    )
    this.#own.giveUp()
    await clock.sleep(delayMs, this.#halt)
  }
}
