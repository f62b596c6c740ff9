/**
 * The transaction coordinator: producer ids and epochs, the states of each transactional id,
 * timeouts, markers (Kafka's TransactionCoordinator, V1 and V2 at once: the request's version says
 * which).
 *
 * 1. A decision is final once `end` has answered 0; markers follow by themselves.
 * 2. An epoch that is given to a client was never given before under that producer id.
 */
import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerSettings } from '../settings.ts'
import type { BrokerStorage } from '../storage/broker-storage.ts'
import type { EndRequest } from './end-decision.ts'
import { decideEnd } from './end-decision.ts'
import type { WriteMarker } from './markers.ts'
import { Markers } from './markers.ts'
import { ProducerIds } from './producer-ids.ts'
import type { Participant } from './transaction.ts'
import { NO_EPOCH, NO_PRODUCER_ID, participantKey, Transaction } from './transaction.ts'

export interface ProducerIdentity {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** What InitProducerId asks for. */
export interface InitRequest {
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  /** The producer's own, or -1 and -1: it claims the id. */
  readonly producerId: number
  readonly producerEpoch: number
}

export class TransactionCoordinator {
  readonly #clock: Clock
  readonly #settings: BrokerSettings
  readonly #storage: BrokerStorage
  readonly #ids: ProducerIds
  readonly #markers: Markers
  readonly #transactions = new Map<string, Transaction>()

  constructor(o: {
    clock: Clock
    random: Random
    settings: BrokerSettings
    storage: BrokerStorage
    writeMarker: WriteMarker
  }) {
    this.#clock = o.clock
    this.#settings = o.settings
    this.#storage = o.storage
    this.#ids = new ProducerIds(o.storage)
    this.#markers = new Markers({
      clock: o.clock,
      random: o.random,
      delayMs: o.settings.markerDelayMs,
      write: o.writeMarker,
    })
  }

  get transactions(): Iterable<Transaction> {
    return this.#transactions.values()
  }

  get(id: string): Transaction | undefined {
    return this.#transactions.get(id)
  }

  /** Takes up what the storage kept: open ones may time out, decided ones get their markers. */
  resume(): void {
    for (const [id, document] of this.#storage.documents('transaction')) {
      const transaction = Transaction.fromDocument(id, document)
      this.#transactions.set(id, transaction)
      if (transaction.state === 'Ongoing') this.#watch(transaction)
      if (transaction.isEnding) this.#sendMarkers(transaction)
    }
  }

  init(request: InitRequest): ProducerIdentity {
    const { transactionalId, transactionTimeoutMs } = request
    if (transactionalId === null)
      return { errorCode: ErrorCode.NONE, producerId: this.#ids.take(), producerEpoch: 0 }
    if (transactionalId === '' || request.producerId < 0 !== request.producerEpoch < 0)
      return refusal(ErrorCode.INVALID_REQUEST)
    if (transactionTimeoutMs <= 0 || transactionTimeoutMs > this.#settings.maxTransactionTimeoutMs)
      return refusal(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    let transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) {
      transaction = new Transaction(transactionalId, this.#ids.take())
      this.#transactions.set(transactionalId, transaction)
    }
    return this.#initKnown(transaction, request)
  }

  /** Adds to the transaction, which begins with its first participant. A code. */
  add(
    id: string,
    producerId: number,
    producerEpoch: number,
    participants: readonly Participant[],
  ): number {
    const transaction = this.#transactions.get(id)
    // First of all, as Kafka has it: a new producer id is the owner only once the markers are written.
    if (transaction?.isEnding === true) return ErrorCode.CONCURRENT_TRANSACTIONS
    const code = this.#checkOwner(transaction, producerId, producerEpoch)
    if (transaction === undefined || code !== ErrorCode.NONE) return code
    const missing = participants.filter(
      (participant) => !transaction.participants.has(participantKey(participant)),
    )
    if (transaction.state === 'Ongoing' && missing.length === 0) return ErrorCode.NONE
    if (transaction.state !== 'Ongoing') {
      transaction.state = 'Ongoing'
      transaction.startedAtMs = this.#clock.now()
      this.#watch(transaction)
    }
    for (const one of missing) transaction.participants.set(participantKey(one), one)
    this.#keep(transaction)
    return ErrorCode.NONE
  }

  /** Whether the transaction is open and has this participant. A code. */
  verify(id: string, producerId: number, producerEpoch: number, participant: Participant): number {
    const transaction = this.#transactions.get(id)
    const code = this.#checkOwner(transaction, producerId, producerEpoch)
    if (transaction === undefined || code !== ErrorCode.NONE) return code
    if (transaction.isEnding) return ErrorCode.CONCURRENT_TRANSACTIONS
    return transaction.participants.has(participantKey(participant))
      ? ErrorCode.NONE
      : ErrorCode.TRANSACTION_ABORTABLE
  }

  /** EndTxn; the identity is that of the next transaction. */
  end(id: string, request: EndRequest): ProducerIdentity {
    const transaction = this.#transactions.get(id)
    if (transaction === undefined) return refusal(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    const decision = decideEnd(transaction, request, this.#settings.maxProducerEpoch)
    if (decision === ErrorCode.NONE) return identityOf(transaction)
    if (decision !== 'end') return refusal(decision)
    if (request.bumpsEpoch) this.#moveEpoch(transaction)
    const { nextProducerId } = transaction
    this.#decide(transaction, request.commit)
    return nextProducerId === NO_PRODUCER_ID
      ? identityOf(transaction)
      : { errorCode: ErrorCode.NONE, producerId: nextProducerId, producerEpoch: 0 }
  }

  close(): void {
    this.#markers.close()
    for (const { timeout } of this.#transactions.values()) timeout?.cancel()
  }

  #initKnown(transaction: Transaction, request: InitRequest): ProducerIdentity {
    const claims = request.producerId === NO_PRODUCER_ID
    if (!claims && !this.#mayBe(transaction, request)) return refusal(ErrorCode.PRODUCER_FENCED)
    if (transaction.isEnding) return refusal(ErrorCode.CONCURRENT_TRANSACTIONS)
    if (transaction.state === 'Ongoing') {
      this.#fence(transaction)
      return refusal(ErrorCode.CONCURRENT_TRANSACTIONS)
    }
    const { epoch, lastEpoch } = transaction
    const current = claims || epoch === NO_EPOCH || request.producerEpoch === epoch
    if (current && this.#isExhausted(epoch)) {
      transaction.previousProducerId = transaction.producerId
      transaction.producerId = this.#ids.take()
      transaction.epoch = 0
      transaction.lastEpoch = claims ? NO_EPOCH : epoch
    } else if (current) {
      transaction.epoch = epoch + 1
      transaction.lastEpoch = claims ? NO_EPOCH : epoch
    } else if (request.producerEpoch !== lastEpoch) return refusal(ErrorCode.PRODUCER_FENCED)
    transaction.state = 'Empty'
    transaction.timeoutMs = request.transactionTimeoutMs
    transaction.startedAtMs = -1
    this.#keep(transaction)
    return identityOf(transaction)
  }

  /** Whether the producer that asks is, or may have been a moment ago, the owner of the id. */
  #mayBe(transaction: Transaction, { producerId, producerEpoch }: InitRequest): boolean {
    return (
      transaction.epoch === NO_EPOCH ||
      producerId === transaction.producerId ||
      (producerId === transaction.previousProducerId && this.#isExhausted(producerEpoch))
    )
  }

  #checkOwner(
    transaction: Transaction | undefined,
    producerId: number,
    producerEpoch: number,
  ): number {
    if (transaction === undefined || transaction.producerId !== producerId)
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING
    return transaction.epoch === producerEpoch ? ErrorCode.NONE : ErrorCode.PRODUCER_FENCED
  }

  #isExhausted(epoch: number): boolean {
    return epoch >= this.#settings.maxProducerEpoch - 1
  }

  /** Ends an open transaction in such a way that its producer is refused from now on. */
  #fence(transaction: Transaction): void {
    transaction.lastEpoch = transaction.epoch
    transaction.epoch++
    this.#decide(transaction, false)
  }

  #moveEpoch(transaction: Transaction): void {
    if (this.#isExhausted(transaction.epoch)) transaction.nextProducerId = this.#ids.take()
    transaction.lastEpoch = transaction.epoch
    transaction.epoch++
  }

  #decide(transaction: Transaction, commit: boolean): void {
    transaction.timeout?.cancel()
    transaction.state = commit ? 'PrepareCommit' : 'PrepareAbort'
    this.#keep(transaction)
    this.#sendMarkers(transaction)
  }

  #sendMarkers(transaction: Transaction): void {
    const commit = transaction.state === 'PrepareCommit'
    const marker = {
      producerId: transaction.producerId,
      producerEpoch: transaction.epoch,
      commit,
    }
    this.#markers.send([...transaction.participants.values()], marker, () => {
      transaction.state = commit ? 'CompleteCommit' : 'CompleteAbort'
      transaction.participants.clear()
      if (transaction.nextProducerId !== NO_PRODUCER_ID) rotate(transaction)
      this.#keep(transaction)
    })
  }

  #watch(transaction: Transaction): void {
    const { transactionCheckMs } = this.#settings
    const leftMs = transaction.startedAtMs + transaction.timeoutMs - this.#clock.now()
    const checks = Math.max(1, Math.ceil((leftMs + 1) / transactionCheckMs))
    transaction.timeout?.cancel()
    transaction.timeout = this.#clock.timer(checks * transactionCheckMs, () => {
      if (transaction.state === 'Ongoing') this.#fence(transaction)
    })
  }

  #keep(transaction: Transaction): void {
    this.#storage.put('transaction', transaction.id, transaction.toDocument())
  }
}

function rotate(transaction: Transaction): void {
  transaction.previousProducerId = transaction.producerId
  transaction.producerId = transaction.nextProducerId
  transaction.nextProducerId = NO_PRODUCER_ID
  transaction.epoch = 0
}

function identityOf({ producerId, epoch }: Transaction): ProducerIdentity {
  return { errorCode: ErrorCode.NONE, producerId, producerEpoch: epoch }
}

function refusal(errorCode: number): ProducerIdentity {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_EPOCH }
}
