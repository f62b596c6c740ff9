/** EndTxn, the same request again and again, until it is known what became of the transaction. */
import type { StreamsError } from '../../core/errors.ts'
import type { Backoff } from './backoff.ts'
import { failureOf, isTransientError } from './failures.ts'
import type { ProducerIdentity } from './produce-batch.ts'
import { reactionTo } from './reactions.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/** What is known of a transaction in the end. */
export type Outcome = 'committed' | 'aborted' | 'unknown'

export type Ending =
  /** With the identity of the next transaction, where the answer has one. */
  | { readonly outcome: 'committed'; readonly next: ProducerIdentity | undefined }
  | { readonly outcome: 'aborted' | 'unknown'; readonly error: StreamsError | undefined }

/**
 * `'aborted'` only when the very first answer refuses it: after an attempt that was lost, or one that
 * the coordinator may have written down before it failed, a refusal proves nothing.
 */
export async function commitUntilDecided(
  coordinator: TransactionCoordinator,
  identity: ProducerIdentity,
  backoff: Backoff,
  signal: AbortSignal | undefined,
): Promise<Ending> {
  let isCertain = true
  const doubt = (): void => {
    isCertain = false
  }
  try {
    for (;;) {
      const { answer, code } = await coordinator.end(identity, true, signal, doubt)
      const reaction = reactionTo(code)
      if (reaction === 'none') return { outcome: 'committed', next: identityIn(answer) }
      const error = failureOf(code, 'EndTxn')
      if (reaction !== 'ambiguous') return { outcome: isCertain ? 'aborted' : 'unknown', error }
      doubt()
      if (signal?.aborted === true) return { outcome: 'unknown', error }
      await backoff.wait(signal)
    }
  } catch (reason) {
    if (!isTransientError(reason)) throw reason
    return { outcome: 'unknown', error: undefined }
  }
}

/**
 * Closes what may be open, whatever became of it: a refusal leaves it to InitProducerId to say who we
 * are. Brokers before 4.0 answer an InitProducerId over an open transaction by fencing the producer
 * that sent it, so this comes first. Returns the identity to go on from.
 */
export async function abortWhatIsOpen(
  coordinator: TransactionCoordinator,
  identity: ProducerIdentity,
  signal: AbortSignal | undefined,
): Promise<ProducerIdentity> {
  const { answer, code } = await coordinator.end(identity, false, signal, () => undefined)
  const reaction = reactionTo(code)
  if (reaction === 'denied') throw failureOf(code, 'EndTxn')
  return (reaction === 'none' ? identityIn(answer) : undefined) ?? identity
}

/** V2 tells the identity of the next transaction: another epoch, or another id once those are used up. */
function identityIn({ producerId, producerEpoch }: ProducerIdentity): ProducerIdentity | undefined {
  return producerId < 0 ? undefined : { producerId, producerEpoch }
}
