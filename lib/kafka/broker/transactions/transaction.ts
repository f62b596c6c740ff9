/** One transactional id as its coordinator knows it, and how it is kept. */
import type { Timer } from '../../../core/clock.ts'
import type { Document } from '../storage/broker-storage.ts'

/** Kafka's names. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/** What a transaction writes to, and where its marker goes. */
export type Participant =
  | { readonly kind: 'partition'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'offsets'; readonly groupId: string }

export const NO_PRODUCER_ID = -1
export const NO_EPOCH = -1

export class Transaction {
  readonly id: string
  producerId: number
  /** The one before the last rotation. */
  previousProducerId: number = NO_PRODUCER_ID
  /** The one that a rotation under way leads to. */
  nextProducerId: number = NO_PRODUCER_ID
  epoch: number = NO_EPOCH
  lastEpoch: number = NO_EPOCH
  timeoutMs = 0
  state: TransactionState = 'Empty'
  readonly participants: Map<string, Participant> = new Map()
  startedAtMs = -1
  timeout: Timer | undefined

  constructor(id: string, producerId: number) {
    this.id = id
    this.producerId = producerId
  }

  /** Whether it was decided and markers are still on their way. */
  get isEnding(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort'
  }

  toDocument(): Document {
    const { producerId, previousProducerId, nextProducerId, epoch, lastEpoch } = this
    const { timeoutMs, state, startedAtMs } = this
    const participants = [...this.participants.values()]
    return {
      producerId,
      previousProducerId,
      nextProducerId,
      epoch,
      lastEpoch,
      timeoutMs,
      state,
      startedAtMs,
      participants,
    }
  }

  static fromDocument(id: string, document: Document): Transaction {
    const kept = document as unknown as Omit<Transaction, 'participants'> & {
      readonly participants: readonly Participant[]
    }
    const transaction = new Transaction(id, kept.producerId)
    transaction.previousProducerId = kept.previousProducerId
    transaction.nextProducerId = kept.nextProducerId
    transaction.epoch = kept.epoch
    transaction.lastEpoch = kept.lastEpoch
    transaction.timeoutMs = kept.timeoutMs
    transaction.state = kept.state
    transaction.startedAtMs = kept.startedAtMs
    for (const one of kept.participants) transaction.participants.set(participantKey(one), one)
    return transaction
  }
}

export function participantKey(participant: Participant): string {
  return participant.kind === 'partition'
    ? `${participant.topic}/${participant.partition}`
    : `offsets of ${participant.groupId}`
}
