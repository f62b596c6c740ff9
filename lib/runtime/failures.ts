/**
 * Applies the error policies of a task: ends it, counts a record as dropped, or writes a dead letter
 * into the same transaction. Undoing what the record did is the caller's.
 */
import type { ErrorAction, ErrorPolicy } from '../core/errors.ts'
import { RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import type { Collector } from './collector.ts'
import { deadLetter } from './dead-letter.ts'
import type { Drops } from './drops.ts'
import type { ErrorPolicyTable } from './error-policy.ts'
import type { Outputs } from './outputs.ts'
import type { Head } from './partition-queue.ts'
import type { TaskScope } from './task-scope.ts'
import type { Done } from './units.ts'

export interface FailuresOptions {
  readonly policies: ErrorPolicyTable
  readonly scope: TaskScope
  readonly outputs: Outputs
  readonly collector: Collector
  readonly drops: Drops
  readonly logger: Logger
}

export class Failures {
  readonly #policies: ErrorPolicyTable
  readonly #scope: TaskScope
  readonly #outputs: Outputs
  readonly #collector: Collector
  readonly #drops: Drops
  readonly #logger: Logger

  constructor({ policies, scope, outputs, collector, drops, logger }: FailuresOptions) {
    this.#policies = policies
    this.#scope = scope
    this.#outputs = outputs
    this.#collector = collector
    this.#drops = drops
    this.#logger = logger
  }

  /**
   * What to do about it. Under `fail`, and for what is no error of a record (a lost partition, a bug
   * of ours), it is thrown.
   */
  decide(error: unknown, decode?: ErrorPolicy): Exclude<ErrorAction, 'fail'> {
    if (!(error instanceof RecordError)) throw error
    const action = this.#policies.action(error, decode)
    if (action === 'fail') throw error
    return action
  }

  /**
   * Counts it and writes the dead letter; `head` is the record, if one was in hand. A promise where
   * the letter's topic has to be looked for first.
   */
  settle(error: unknown, action: Exclude<ErrorAction, 'fail'>, head: Head | undefined): Done {
    if (!(error instanceof RecordError)) throw error
    this.#drops.count(error.node, error.phase)
    const fields = { task: this.#scope.taskId, node: error.node, code: error.code }
    this.#logger.warn(fields, error.message)
    if (action === 'skip') return
    const { deadLetter: topic } = action
    const admitted = this.#collector.admit(topic)
    if (admitted !== undefined) return admitted.then(() => this.#bury(error, topic, head))
    this.#bury(error, topic, head)
  }

  #bury(error: RecordError, topic: string, head: Head | undefined): void {
    const { taskId, partition, clock } = this.#scope
    const timestamp = head?.view.timestamp(head.index)
    const letter = deadLetter({
      error,
      taskId,
      headers: head?.headers.copy() ?? EMPTY_HEADERS,
      timestamp,
      maxBytes: this.#collector.limitsOf(topic).maxMessageBytes,
    })
    this.#outputs.send(
      topic,
      partition % this.#collector.partitionsOf(topic),
      letter.key,
      letter.value,
      // One that Kafka would refuse stays in the header.
      timestamp === undefined || timestamp < 0 ? clock.now() : timestamp,
      letter.headers,
      error.recordMetadata,
    )
  }
}
