/** Hands out producer ids, each once, also across restarts. */
import type { BrokerStorage } from '../storage/broker-storage.ts'

/** Written down ahead, so that not every id costs a write. */
const BLOCK = 1000

export class ProducerIds {
  readonly #storage: BrokerStorage
  #next = 0
  #reserved = 0

  constructor(storage: BrokerStorage) {
    this.#storage = storage
    for (const [key, { next }] of storage.documents('cluster'))
      if (key === 'producer-ids') this.#next = Number(next)
    this.#reserved = this.#next
  }

  take(): number {
    if (this.#next === this.#reserved) {
      this.#reserved += BLOCK
      this.#storage.put('cluster', 'producer-ids', { next: this.#reserved })
    }
    return this.#next++
  }
}
