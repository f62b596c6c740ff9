/**
 * What a processor of the user's has in hand while it is called: a record, or none in punctuators and
 * before a commit. When the call has ended, its promise included, nothing may be asked of it.
 */
import { RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS, type RecordHeaders } from '../core/headers.ts'
import type { OperatorContext } from './operator.ts'

/** What stands for a key while none is in hand. */
export const NO_KEY: unique symbol = Symbol('no key')

export class Hand {
  readonly #operator: OperatorContext
  #open = false
  #key: unknown
  #timestamp = 0
  #headers: RecordHeaders = EMPTY_HEADERS

  constructor(operator: OperatorContext) {
    this.#operator = operator
  }

  get key(): unknown {
    return this.#open ? this.#key : this.#ended()
  }

  get timestamp(): number {
    return this.#open ? this.#timestamp : this.#ended()
  }

  get headers(): RecordHeaders {
    return this.#headers
  }

  /** The timestamp of what has no record. */
  get now(): number {
    return Math.max(0, this.#operator.streamTime)
  }

  take(key: unknown, timestamp: number, headers: RecordHeaders): void {
    this.#open = true
    this.#key = key
    this.#timestamp = timestamp
    this.#headers = headers
  }

  drop(): void {
    this.#open = false
  }

  /** Runs code of the user without a record, until it or its promise has ended. */
  during(timestamp: number, work: () => void | Promise<void>): void | Promise<void> {
    this.take(NO_KEY, timestamp, EMPTY_HEADERS)
    let done: void | Promise<void>
    try {
      done = work()
    } catch (error) {
      this.drop()
      throw error
    }
    if (isThenable(done)) return Promise.resolve(done).finally(() => this.drop())
    this.drop()
  }

  /** The runtime awaits the promise in its turn; until then its failure must not count as unseen. */
  defer(done: PromiseLike<void>): void {
    const outcome = Promise.resolve(done).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    this.#operator.defer(async () => {
      const failed = await outcome
      this.drop()
      if (failed !== undefined) throw failed.error
    })
  }

  failed(
    message: string,
    code: 'CALLBACK_FAILED' | 'INVALID_TIMESTAMP' = 'CALLBACK_FAILED',
  ): RecordError {
    const { node, recordMetadata } = this.#operator
    return new RecordError(code, `${node}: ${message}`, { phase: 'process', node, recordMetadata })
  }

  #ended(): never {
    throw this.failed(
      'forward or a store was used after the call that it belongs to had ended: await what is asynchronous',
    )
  }
}

export function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === 'object' && value !== null && 'then' in value
}
