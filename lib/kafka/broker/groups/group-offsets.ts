/**
 * The committed offsets of one group, and those of open transactions behind them. Which of two
 * commits holds is decided by the order in which they arrived, not by that of their transactions.
 */
import type { BrokerStorage, Document } from '../storage/broker-storage.ts'

export interface CommittedOffset extends Document {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedAtMs: number
  /** Grows with every commit of the group. */
  readonly sequence: number
  /** Of the producer, in an open transaction. */
  readonly producerEpoch?: number
}

/** Whose transaction an offset is part of. */
export interface OffsetProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

export class GroupOffsets {
  readonly #groupId: string
  readonly #storage: BrokerStorage
  readonly #committed = new Map<string, CommittedOffset>()
  /** By producer id. */
  readonly #pending = new Map<number, Map<string, CommittedOffset>>()
  #sequence = 0

  constructor(groupId: string, storage: BrokerStorage) {
    this.#groupId = groupId
    this.#storage = storage
  }

  get size(): number {
    return this.#committed.size
  }

  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  commit(offset: Omit<CommittedOffset, 'sequence'>, producer?: OffsetProducer): void {
    const producerId = producer?.producerId
    const epoch = producer === undefined ? {} : { producerEpoch: producer.producerEpoch }
    const entry = { ...offset, ...epoch, sequence: ++this.#sequence } as CommittedOffset
    const key = keyOf(entry.topic, entry.partition)
    if (producerId === undefined) this.#committed.set(key, entry)
    else this.#pendingOf(producerId).set(key, entry)
    this.#storage.put('offset', this.#storageKey(key, producerId), entry)
  }

  /** The transaction of a producer has ended. */
  end(producerId: number, commit: boolean): void {
    const ended = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    for (const [key, entry] of ended ?? []) {
      this.#storage.remove('offset', this.#storageKey(key, producerId))
      if (!commit || (this.#committed.get(key)?.sequence ?? 0) > entry.sequence) continue
      this.#committed.set(key, entry)
      this.#storage.put('offset', this.#storageKey(key), entry)
    }
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(keyOf(topic, partition))
  }

  /** Whether an open transaction may move it. */
  isUnstable(topic: string, partition: number): boolean {
    const key = keyOf(topic, partition)
    return [...this.#pending.values()].some((offsets) => offsets.has(key))
  }

  /** Whether the transaction of this producer and epoch has offsets here and no marker yet. */
  isOpen({ producerId, producerEpoch }: OffsetProducer): boolean {
    const offsets = this.#pending.get(producerId)?.values() ?? []
    return [...offsets].some((offset) => offset.producerEpoch === producerEpoch)
  }

  /** In the order of the first commits. */
  get all(): readonly CommittedOffset[] {
    return [...this.#committed.values()]
  }

  /** Forgets the offsets, pending ones too, that the test names. */
  forget(test: (offset: CommittedOffset) => boolean): void {
    for (const [key, entry] of this.#committed) {
      if (!test(entry)) continue
      this.#committed.delete(key)
      this.#storage.remove('offset', this.#storageKey(key))
    }
  }

  /** Offsets of a deleted topic go with it, whatever transaction they are in. */
  forgetTopic(topic: string): void {
    this.forget((offset) => offset.topic === topic)
    for (const [producerId, offsets] of this.#pending)
      for (const [key, entry] of offsets)
        if (entry.topic === topic) {
          offsets.delete(key)
          this.#storage.remove('offset', this.#storageKey(key, producerId))
        }
  }

  /** Takes back what the storage kept. */
  load(entry: CommittedOffset, producerId: number | undefined): void {
    const key = keyOf(entry.topic, entry.partition)
    if (producerId === undefined) this.#committed.set(key, entry)
    else this.#pendingOf(producerId).set(key, entry)
    this.#sequence = Math.max(this.#sequence, entry.sequence)
  }

  #pendingOf(producerId: number): Map<string, CommittedOffset> {
    let offsets = this.#pending.get(producerId)
    if (offsets === undefined) {
      offsets = new Map()
      this.#pending.set(producerId, offsets)
    }
    return offsets
  }

  #storageKey(key: string, producerId?: number): string {
    return JSON.stringify(
      producerId === undefined ? [this.#groupId, key] : [this.#groupId, key, producerId],
    )
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
