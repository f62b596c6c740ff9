/**
 * Makes operators of the user's processors: the public context, stores with their public faces,
 * records as objects, and promises that the runtime awaits.
 *
 * A context works only while the processor is called, its promise included: what is forwarded later
 * would belong to no record and to no transaction, so it throws.
 */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import { EMPTY_HEADERS, toRecordHeaders } from '../core/headers.ts'
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
import { Hand, isThenable, NO_KEY } from './record-in-hand.ts'
import { openFace } from './store-faces.ts'

/** A supplier whose types have been checked: every `ProcessorSupplier` is one. */
export type ErasedSupplier = (
  context: ProcessorContext<unknown, unknown, unknown, unknown>,
) => Processor<never, never>

/** As {@link ErasedSupplier}, of a processor that keeps the key. */
export type ErasedFixedKeySupplier = (
  context: FixedKeyContext<unknown, unknown, unknown>,
) => Processor<never, never>

/** A processor that may change keys. */
export function userProcessor(supplier: ErasedSupplier, stores: NamedStores): OperatorSupplier {
  return (operator) => {
    const hand = new Hand(operator)
    const context = new FreeKeyContext(operator, stores, hand)
    return operatorOf(
      hand,
      make(hand, () => supplier(context)),
    )
  }
}

/** A processor that keeps the key. */
export function fixedKeyProcessor(
  supplier: ErasedFixedKeySupplier,
  stores: NamedStores,
): OperatorSupplier {
  return (operator) => {
    const hand = new Hand(operator)
    const context = new KeptKeyContext(operator, stores, hand)
    return operatorOf(
      hand,
      make(hand, () => supplier(context)),
    )
  }
}

/** A supplier may look at stores, and has no record. */
function make<P>(hand: Hand, supplier: () => P): P {
  hand.take(NO_KEY, hand.now, EMPTY_HEADERS)
  try {
    return supplier()
  } finally {
    hand.drop()
  }
}

function operatorOf(hand: Hand, processor: Processor<never, never>): Operator {
  const { beforeCommit, close } = processor
  return {
    process: (key, value, timestamp, headers) => {
      hand.take(key, timestamp, headers)
      let done: void | Promise<void>
      try {
        done = processor.process({ key: key as never, value: value as never, timestamp, headers })
      } catch (error) {
        hand.drop()
        throw error
      }
      if (isThenable(done)) hand.defer(done)
      else hand.drop()
    },
    ...(beforeCommit === undefined
      ? {}
      : { beforeCommit: () => hand.during(hand.now, () => beforeCommit.call(processor)) }),
    ...(close === undefined ? {} : { close: () => close.call(processor) }),
  }
}

abstract class UserContext implements TaskContext<unknown, unknown> {
  readonly applicationId: string
  readonly taskId: string
  readonly metadata: TaskMetadata<unknown>
  protected readonly operator: OperatorContext
  protected readonly hand: Hand
  readonly #stores: NamedStores
  readonly #faces = new Map<string, unknown>()

  constructor(operator: OperatorContext, stores: NamedStores, hand: Hand) {
    this.operator = operator
    this.hand = hand
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
        timestamp: () => this.hand.timestamp,
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
      this.hand.during(timestamp, () => punctuator(timestamp)),
    )
  }

  readonly commit = (): void => this.operator.commit()

  protected emit(
    to: Forward,
    key: unknown,
    record: Omit<NewRecord<unknown, unknown>, 'key'>,
  ): void {
    const { hand } = this
    // Asked for even when the record has its own: it throws when the call has ended.
    const { timestamp: inHand } = hand
    const { timestamp = inHand, headers } = record
    if (!(Number.isSafeInteger(timestamp) && timestamp >= 0))
      throw hand.failed(
        `a record was forwarded with timestamp ${timestamp}: give whole milliseconds since the epoch`,
        'INVALID_TIMESTAMP',
      )
    to(
      key,
      record.value,
      timestamp,
      headers === undefined ? hand.headers : toRecordHeaders(headers),
    )
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
    const { key } = this.hand
    if (key === NO_KEY)
      throw this.hand.failed(
        'processValues forwarded without a record in hand, so there is no key: use process',
      )
    this.emit(this.operator.forward, key, record)
  }
}
