/**
 * Whose the transactional producer is, and how it has to be settled before it is used again.
 *
 * InitProducerId with (-1, -1) once per member id, after membership is gained and before offsets are
 * read; with the current id ever after. Only that request tells who was replaced from whose own
 * transaction has timed out: other requests are refused with the same codes in both cases.
 */
import { isStreamsError } from '../core/errors.ts'
import type { GroupFence } from '../kafka/client/group-fence.ts'
import type { TransactionalProducer } from '../kafka/client/transactional-producer.ts'

export class ProducerClaim {
  /** Somebody else has the id: the tasks are theirs. */
  replaced = false
  readonly #transactions: TransactionalProducer | undefined
  #claimedFor: string | undefined
  #due: 'abort' | 'recover' | undefined

  constructor(transactions: TransactionalProducer | undefined) {
    this.#transactions = transactions
  }

  /** Whether `settle` has something to do. */
  get unsettled(): boolean {
    return this.#due !== undefined
  }

  /** What is open is given up, or (`recover`) its outcome is not known here. */
  unsettle(how: 'abort' | 'recover'): void {
    this.#due ??= how
  }

  /** Membership was lost: the next one claims anew. */
  drop(): void {
    this.#claimedFor = undefined
    this.replaced = false
  }

  /** Leaves a clean producer. Throws TaskMigratedError FENCED when somebody else has the id. */
  async settle(fence: GroupFence, halt: AbortSignal): Promise<void> {
    try {
      await this.#settle(fence, halt)
    } catch (error) {
      this.replaced = isStreamsError(error) && error.code === 'FENCED'
      throw error
    }
    this.#due = undefined
  }

  async #settle(fence: GroupFence, halt: AbortSignal): Promise<void> {
    const transactions = this.#transactions
    if (transactions === undefined) return
    if (this.#claimedFor !== fence.memberId) await transactions.claim(halt)
    else if (this.#due === 'abort') await transactions.end('abort', halt)
    else if (this.#due === 'recover') await transactions.recover(halt)
    this.#claimedFor = fence.memberId
  }
}
