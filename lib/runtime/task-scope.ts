/**
 * The record in hand: what the nodes of one task see of it, and the errors that they throw.
 *
 * One object per task, filled anew for each record; nothing is made per record until somebody asks.
 */
import type { Clock } from '../core/clock.ts'
import type { RecordCode, RecordPhase } from '../core/errors.ts'
import { isStreamsError, messageOf, RecordError } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordContext, RecordMetadata, TimestampType } from '../core/record.ts'
import { SerdeError } from '../core/serdes/serde-error.ts'
import type { Head } from './partition-queue.ts'

/** The third argument of callbacks. */
class CallbackContext implements RecordContext {
  timestamp = -1
  headers: RecordHeaders = EMPTY_HEADERS
  readonly #scope: TaskScope

  constructor(scope: TaskScope) {
    this.#scope = scope
  }

  get timestampType(): TimestampType | undefined {
    return this.#scope.timestampType
  }

  get recordMetadata(): RecordMetadata | undefined {
    return this.#scope.metadata
  }

  get streamTime(): number {
    return this.#scope.streamTime()
  }
}

export class TaskScope {
  readonly taskId: string
  readonly partition: number
  readonly clock: Clock
  readonly streamTime: () => number
  readonly #context: CallbackContext = new CallbackContext(this)
  /** Of the record in hand, and of the last one before. */
  readonly #origin: { topic: string; readonly partition: number; offset: number }
  #head: Head | undefined
  #metadata: RecordMetadata | undefined
  /** Operators are being made: no record is in hand, and none was. */
  making = false
  /** The node that emits by itself, in a punctuator or before a commit. */
  emitting: string | undefined
  /** By the wall clock, as far as the task was told: for latencies, which need no more. */
  now = 0
  /** The first error of the record in hand, though user code may have caught it on its way. */
  failure: unknown

  constructor(taskId: string, partition: number, clock: Clock, streamTime: () => number) {
    this.taskId = taskId
    this.partition = partition
    this.#origin = { topic: '', partition, offset: -1 }
    this.clock = clock
    this.streamTime = streamTime
  }

  /** A record is in hand from here to `leave`; its buffers are those of the batch. */
  enter(topic: string, head: Head): void {
    this.#origin.topic = topic
    this.#origin.offset = head.offset
    this.#head = head
    this.#metadata = undefined
    this.failure = undefined
    this.emitting = undefined
  }

  /** No record is in hand: between records, in punctuators, behind `emit`. */
  leave(): void {
    this.#head = undefined
    this.#metadata = undefined
    this.failure = undefined
    this.emitting = undefined
  }

  /** As `metadata`, for outputs: one object, filled anew for each record. */
  get origin(): RecordMetadata | undefined {
    return this.#head === undefined ? undefined : this.#origin
  }

  /** For users and errors, who may keep it. */
  get metadata(): RecordMetadata | undefined {
    if (this.#head === undefined) return undefined
    this.#metadata ??= { ...this.#origin }
    return this.#metadata
  }

  get timestampType(): TimestampType | undefined {
    return this.#head?.view.timestampType
  }

  callbackContext(timestamp: number, headers: RecordHeaders): RecordContext {
    this.#context.timestamp = timestamp
    this.#context.headers = headers
    return this.#context
  }

  /**
   * What a node threw, as an error of that node; one that says whose it is stays as it is. Also kept
   * as the failure of the record.
   */
  blame(node: string, thrown: unknown): unknown {
    // Blamed already, further in.
    if (thrown !== undefined && thrown === this.failure) return thrown
    const error = isStreamsError(thrown)
      ? this.#located(node, thrown)
      : this.#callback(node, thrown)
    this.failure ??= error
    return error
  }

  /** An error of the record in hand, with its bytes. */
  error(
    node: string,
    code: RecordCode,
    why: string,
    cause: unknown,
    phase: RecordPhase,
  ): RecordError {
    const recordMetadata = this.metadata
    const message = `node '${node}' failed on ${this.#where()}: ${why}`
    return new RecordError(code, message, { phase, node, recordMetadata, raw: this.#raw(), cause })
  }

  #callback(node: string, thrown: unknown): RecordError {
    const code = thrown instanceof SerdeError ? thrown.code : 'CALLBACK_FAILED'
    return this.error(node, code, messageOf(thrown), thrown, 'process')
  }

  /** Stores and collectors know neither node nor record: their errors get them here. */
  #located(node: string, error: unknown): unknown {
    if (!(error instanceof RecordError) || error.recordMetadata !== undefined) return error
    if (error.node === node && this.#head === undefined) return error
    const { code, phase, cause } = error
    const message = `node '${node}' failed on ${this.#where()}: ${error.message}`
    const recordMetadata = this.metadata
    return new RecordError(code, message, { phase, node, recordMetadata, raw: this.#raw(), cause })
  }

  #where(): string {
    const metadata = this.metadata
    return metadata === undefined
      ? `no record of task ${this.taskId}: a punctuator, or an emission`
      : `${metadata.topic}/${metadata.partition} at offset ${metadata.offset}`
  }

  /** Copies: an error outlives the batch. */
  #raw(): { readonly key: Buffer | null; readonly value: Buffer | null } {
    const head = this.#head
    return head === undefined ? { key: null, value: null } : rawOf(head)
  }
}

/** The bytes of a record as they came, copied. */
export function rawOf(head: Head): { readonly key: Buffer | null; readonly value: Buffer | null } {
  const key = head.view.key(head.index)
  const value = head.view.value(head.index)
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  }
}
