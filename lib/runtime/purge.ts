/**
 * Step 7 of a commit, now and then: what is done with leaves the application's own topics.
 *
 * Repartition records go behind the committed offset, rows of expired windows behind the first
 * offset of the oldest segment that lives. A broker that refuses is told once; nothing depends on it.
 */
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Admin } from '../kafka/client/admin.ts'
import { partitionKey, type TopicPartition } from '../kafka/client/topic-partition.ts'
import type { RunningTask } from './active-task.ts'

const PURGE_EVERY_MS = 30_000

export class Purge {
  readonly #admin: Admin
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #done = new Map<string, number>()
  #next: number
  #warned = false

  constructor(options: { admin: Admin; clock: Clock; logger: Logger }) {
    this.#admin = options.admin
    this.#clock = options.clock
    this.#logger = options.logger
    this.#next = options.clock.monotonic() + PURGE_EVERY_MS
  }

  get due(): boolean {
    return this.#clock.monotonic() >= this.#next
  }

  /** `committed`: offsets that a commit has decided, by partition. */
  async run(tasks: readonly RunningTask[], committed: ReadonlyMap<string, number>): Promise<void> {
    this.#next = this.#clock.monotonic() + PURGE_EVERY_MS
    const cuts = tasks.flatMap((active) => [
      ...repartitionCuts(active, committed),
      ...changelogCuts(active),
    ])
    const open = cuts.filter(
      ({ topic, partition, offset }) =>
        offset > (this.#done.get(partitionKey(topic, partition)) ?? 0),
    )
    if (open.length === 0) return
    try {
      await this.#admin.deleteRecords(open)
      for (const { topic, partition, offset } of open)
        this.#done.set(partitionKey(topic, partition), offset)
    } catch (error) {
      if (!this.#warned)
        this.#logger.warn(
          { reason: messageOf(error) },
          'internal topics could not be purged, they grow',
        )
      this.#warned = true
    }
  }
}

type Cut = TopicPartition & { readonly offset: number }

function repartitionCuts(active: RunningTask, committed: ReadonlyMap<string, number>): Cut[] {
  const { partition } = active.ref
  return active.topics
    .filter((topic) => active.plan.internalSources.has(topic))
    .map((topic) => ({
      topic,
      partition,
      offset: committed.get(partitionKey(topic, partition)) ?? 0,
    }))
}

function changelogCuts(active: RunningTask): Cut[] {
  return active.changelogs.flatMap(({ store, topic, cut }) => {
    const offset = cut ? active.state?.cutBefore(store) : undefined
    return offset === undefined ? [] : [{ topic, partition: active.ref.partition, offset }]
  })
}
