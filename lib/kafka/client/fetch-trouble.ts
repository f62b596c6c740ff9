/** What a fetcher does about partitions that were refused, or have no leader. */
import type { StreamsError } from '../../core/errors.ts'
import { FatalError, messageOf } from '../../core/errors.ts'
import { failureOf } from './failures.ts'
import type { FetcherOptions } from './fetch-options.ts'
import type { FetchPartition } from './fetch-partition.ts'
import { OffsetOutOfRangeError } from './offset-out-of-range-error.ts'
import { isTransient, reactionTo } from './reactions.ts'

/** A broker that catches up may not know a topic for a while; afterwards it is gone. */
const MISSING_MS = 30_000

export class FetchTrouble {
  readonly #options: FetcherOptions
  readonly #again: () => void

  /** `again`: Metadata is new, or it is time; look once more. */
  constructor(options: FetcherOptions, again: () => void) {
    this.#options = options
    this.#again = again
  }

  /** The broker answered with a code for this partition. */
  refused(of: FetchPartition, code: number): void {
    const { topic, partition, fetchOffset } = of
    const reaction = reactionTo(code)
    this.#options.logger.debug({ topic, partition, fetchOffset, code }, 'a fetch was refused')
    if (isTransient(reaction) || reaction === 'ambiguous') this.#later(of)
    // A topic that was made again has none of our offsets either: that is another error.
    else if (reaction === 'range')
      this.#later(of, () => new OffsetOutOfRangeError(topic, partition, fetchOffset))
    else of.failure = failureOf(code, `Fetch of ${topic} partition ${partition}`)
  }

  /** No answer came. */
  unanswered(of: FetchPartition, reason: unknown): void {
    const { topic, partition } = of
    this.#options.logger.debug(
      { topic, partition, reason: messageOf(reason) },
      'a fetch was not answered',
    )
    this.#later(of)
  }

  /** Metadata names no leader, or was never read. */
  leaderless(of: FetchPartition): void {
    const { client, clock } = this.#options
    of.notBefore = Infinity
    void client.refresh([of.topic]).then(() => {
      const isKnown = client.leader(of.topic, of.partition) !== undefined
      of.notBefore = isKnown ? 0 : clock.monotonic() + of.backoff.next()
      of.failure ??= this.#goneFor(of)
      this.#again()
    })
  }

  #later(of: FetchPartition, otherwise?: () => StreamsError): void {
    const { client, clock } = this.#options
    const due = clock.monotonic() + of.backoff.next()
    of.notBefore = Infinity
    void client.refresh([of.topic]).then(() => {
      of.notBefore = due
      of.failure ??= this.#goneFor(of) ?? otherwise?.()
      this.#again()
    })
  }

  /** The error of a topic that is not there any more, or is another one. */
  #goneFor(of: FetchPartition): StreamsError | undefined {
    const { client, clock } = this.#options
    const standing = client.standing(of.topic)
    if (standing === 'recreated')
      return new FatalError(
        'TOPIC_RECREATED',
        `topic ${of.topic} was deleted and made again: positions and state belong to the former one. Reset the application before it reads the new one`,
      )
    if (standing !== 'missing') {
      of.missingSince = undefined
      return undefined
    }
    of.missingSince ??= clock.monotonic()
    if (clock.monotonic() - of.missingSince < MISSING_MS) return undefined
    return new FatalError(
      'TOPIC_DELETED',
      `topic ${of.topic} does not exist any more: create it again under a reset application, or take it out of the topology`,
    )
  }
}
