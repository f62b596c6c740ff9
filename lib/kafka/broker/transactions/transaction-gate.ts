/**
 * Whether a batch or an offset may go into a transaction: asked of the coordinator by whoever is
 * about to write it. Newer requests add what they write (V2), older ones must have added it.
 */
import type { Clock } from '../../../core/clock.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerSettings } from '../settings.ts'
import type { Participant } from './transaction.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/** What a request's version makes of a transaction that does not have the participant. */
export type GateMode =
  /** It is added; the transaction before may take a moment to end. */
  | 'add'
  /** 120: the transaction can only be aborted. */
  | 'abortable'
  /** 48. */
  | 'invalid-state'

export class TransactionGate {
  readonly #clock: Clock
  readonly #settings: BrokerSettings
  readonly #transactions: TransactionCoordinator

  constructor(o: {
    clock: Clock
    settings: BrokerSettings
    transactions: TransactionCoordinator
  }) {
    this.#clock = o.clock
    this.#settings = o.settings
    this.#transactions = o.transactions
  }

  /** A code. */
  async enter(
    id: string,
    producer: { readonly producerId: number; readonly producerEpoch: number },
    participant: Participant,
    mode: GateMode,
  ): Promise<number> {
    const { producerId, producerEpoch } = producer
    if (mode !== 'add')
      return translate(this.#transactions.verify(id, producerId, producerEpoch, participant), mode)
    const [stepMs, totalMs] = this.#settings.addPartitionsRetryMs
    for (let waitedMs = 0; ; waitedMs += stepMs) {
      const code = this.#transactions.add(id, producerId, producerEpoch, [participant])
      if (code !== ErrorCode.CONCURRENT_TRANSACTIONS || waitedMs >= totalMs)
        return translate(code, mode)
      await this.#clock.sleep(stepMs)
    }
  }
}

function translate(code: number, mode: GateMode): number {
  switch (code) {
    case ErrorCode.PRODUCER_FENCED:
      return ErrorCode.INVALID_PRODUCER_EPOCH
    case ErrorCode.TRANSACTION_ABORTABLE:
      return mode === 'invalid-state' ? ErrorCode.INVALID_TXN_STATE : code
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      // Older clients would not try again, except for a code that they know.
      return mode === 'add' ? code : ErrorCode.NOT_ENOUGH_REPLICAS
    default:
      return code
  }
}
