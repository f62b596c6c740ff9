/**
 * Makes operators of the user's processors: the public context, stores with their public faces,
 * records as objects, and promises that the runtime awaits.
 *
 * A context works only while the processor is called, its promise included: what is forwarded later
 * would belong to no record and to no transaction, so it throws.
 */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError, RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS, type RecordHeaders, toRecordHeaders } from '../core/headers.ts'
import type { NewRecord, RecordMetadata } from '../core/record.ts'
import type { NamedStores } from './named-stores.ts'
import type { Forward, Operator, OperatorContext, OperatorSupplier } from './operator.ts'
import type {
  FixedKeyContext,
  Opened,
  Processor,
  ProcessorContext,
  Punctuator,
  TaskContext,
  TaskMetadata,
} from './processor.ts'
import { openFace } from './store-faces.ts'

/** A supplier whose types have been checked: every `ProcessorSupplier` is one. */
export type ErasedSupplier = (
  context: ProcessorContext<unknown, unknown, unknown, unknown>,
) => Processor<never, never>

/** As {@link ErasedSupplier}, of a processor that keeps the key. */
export type ErasedFixedKeySupplier = (
  context: FixedKeyContext<unknown, unknown, unknown>,
) => Processor<never, never>

/** What stands for a key while none is in hand. */
const NO_KEY: unique symbol = Symbol('no key')

/** A processor that may change keys. */
export function userProcessor(supplier: ErasedSupplier, stores: NamedStores): OperatorSupplier {
  return (operatorContext) => {
    const context = new FreeKeyContext(operatorContext, stores)
    return operatorOf(
      context,
      context.making(() => supplier(context)),
    )
  }
}

/** A processor that keeps the key. */
export function fixedKeyProcessor(
  supplier: ErasedFixedKeySupplier,
  stores: NamedStores,
): OperatorSupplier {
  return (operatorContext) => {
    const context = new KeptKeyContext(operatorContext, stores)
    return operatorOf(
      context,
      context.making(() => supplier(context)),
    )
  }
}

function operatorOf(context: UserContext, processor: Processor<never, never>): Operator {
  const { beforeCommit, close } = processor
  return {
    process: (key, value, timestamp, headers) => {
      const record = { key: key as never, value: value as never, timestamp, headers }
      const done = context.call(key, timestamp, headers, () => processor.process(record))
      if (done !== undefined) context.defer(done)
    },
    ...(beforeCommit === undefined
      ? {}
      : {
          beforeCommit: () =>
            context.call(NO_KEY, Math.max(0, context.streamTime), EMPTY_HEADERS, () =>
              beforeCommit.call(processor),
            ),
        }),
    ...(close === undefined ? {} : { close: () => close.call(processor) }),
  }
}

abstract class UserContext implements TaskContext<unknown, unknown> {
  readonly applicationId: string
  readonly taskId: string
  readonly metadata: TaskMetadata<unknown>
  protected readonly operator: OperatorContext
  readonly #stores: NamedStores
  readonly #faces = new Map<string, unknown>()
  /** Null outside of a call. */
  #inHand: { key: unknown; timestamp: number; headers: RecordHeaders } | null = null

  constructor(operator: OperatorContext, stores: NamedStores) {
    this.operator = operator
    this.applicationId = operator.applicationId
    this.taskId = operator.taskId
    this.#stores = stores
    this.metadata = {
      get: (name) => operator.number(`u:${String(name)}`),
      set: (name, value) => operator.setNumber(`u:${String(name)}`, value),
    }
  }

  get recordMetadata(): RecordMetadata | undefined {
    return this.operator.recordMetadata
  }

  get streamTime(): number {
    return this.operator.streamTime
  }

  get wallClock(): number {
    return this.operator.wallClock
  }

  readonly store = <T>(handle: T): Opened<T> => {
    const { operator } = this
    const spec = this.#stores.find(handle, operator.node)
    let face = this.#faces.get(spec.name)
    if (face === undefined) {
      face = openFace(spec, (name) => operator.store(name), {
        timestamp: () => this.inHand('a store').timestamp,
        streamTime: () => operator.streamTime,
        expired: () => operator.drop('expired'),
      })
      this.#faces.set(spec.name, face)
    }
    // The handle says by its type what it opens.
    return face as Opened<T>
  }

  readonly schedule = (
    every: Duration,
    time: 'stream' | 'wall-clock',
    punctuator: Punctuator,
  ): Disposable => {
    const everyMs = milliseconds(every, 'every of schedule')
    if (everyMs === 0)
      throw new ConfigError('INVALID_OPTION', 'every of schedule is 0: say how often, as in 10s')
    return this.operator.schedule(everyMs, time, (timestamp) =>
      this.call(NO_KEY, timestamp, EMPTY_HEADERS, () => punctuator(timestamp)),
    )
  }

  readonly commit = (): void => this.operator.commit()

  /** What is made while the processor is made may look at stores, and has no record. */
  making<P>(make: () => P): P {
    this.#inHand = { key: NO_KEY, timestamp: Math.max(0, this.streamTime), headers: EMPTY_HEADERS }
    try {
      return make()
    } finally {
      this.#inHand = null
    }
  }

  /** Runs code of the user with a record in hand until it, or its promise, has ended. */
  call(
    key: unknown,
    timestamp: number,
    headers: RecordHeaders,
    work: () => void | Promise<void>,
  ): Promise<void> | undefined {
    this.#inHand = { key, timestamp, headers }
    let done: void | Promise<void>
    try {
      done = work()
    } catch (error) {
      this.#inHand = null
      throw error
    }
    if (isThenable(done))
      return Promise.resolve(done).finally(() => {
        this.#inHand = null
      })
    this.#inHand = null
    return undefined
  }

  /** The runtime awaits the promise in its turn; until then its failure must not count as unseen. */
  defer(done: Promise<void>): void {
    const outcome = done.then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    this.operator.defer(async () => {
      const failed = await outcome
      if (failed !== undefined) throw failed.error
    })
  }

  /** The record that is being processed. Throws when none is: the call has ended. */
  protected inHand(what: string): { key: unknown; timestamp: number; headers: RecordHeaders } {
    if (this.#inHand !== null) return this.#inHand
    throw this.failed(
      `${what} was used after the call that it belongs to had ended: await what is asynchronous`,
    )
  }

  protected emit(
    to: Forward,
    key: unknown,
    record: Omit<NewRecord<unknown, unknown>, 'key'>,
  ): void {
    const inHand = this.inHand('forward')
    const { timestamp = inHand.timestamp, headers } = record
    if (!(Number.isSafeInteger(timestamp) && timestamp >= 0))
      throw this.failed(
        `a record was forwarded with timestamp ${timestamp}: give whole milliseconds since the epoch`,
        'INVALID_TIMESTAMP',
      )
    to(
      key,
      record.value,
      timestamp,
      headers === undefined ? inHand.headers : toRecordHeaders(headers),
    )
  }

  protected failed(
    message: string,
    code: 'CALLBACK_FAILED' | 'INVALID_TIMESTAMP' = 'CALLBACK_FAILED',
  ): RecordError {
    const { node, recordMetadata } = this.operator
    return new RecordError(code, `${node}: ${message}`, { phase: 'process', node, recordMetadata })
  }
}

class FreeKeyContext
  extends UserContext
  implements ProcessorContext<unknown, unknown, unknown, unknown>
{
  readonly forward = (record: NewRecord<unknown, unknown>, child?: string): void => {
    const { forward } = this.operator
    this.emit(child === undefined ? forward : this.operator.forwardTo(child), record.key, record)
  }
}

class KeptKeyContext extends UserContext implements FixedKeyContext<unknown, unknown, unknown> {
  readonly forward = (record: Omit<NewRecord<unknown, unknown>, 'key'>): void => {
    const { key } = this.inHand('forward')
    if (key === NO_KEY)
      throw this.failed(
        'processValues forwarded without a record in hand, so there is no key: use process',
      )
    this.emit(this.operator.forward, key, record)
  }
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === 'object' && value !== null && 'then' in value
}
