/**
 * Looks at the topics again now and then: partitions that were added and topics that a pattern newly
 * matches are a reason to share the tasks anew. What is missing or was made again throws.
 */
import type { Clock } from '../core/clock.ts'
import type { TopicPlan } from './topic-plan.ts'
import type { TopicSetup } from './topic-setup.ts'

/** As Kafka's own clients: metadata.max.age.ms. */
const LOOK_EVERY_MS = 300_000

export class TopicWatch {
  readonly #setup: TopicSetup
  readonly #clock: Clock
  #next: number

  constructor(setup: TopicSetup, clock: Clock) {
    this.#setup = setup
    this.#clock = clock
    this.#next = clock.monotonic() + LOOK_EVERY_MS
  }

  get due(): boolean {
    return this.#clock.monotonic() >= this.#next
  }

  /** Whether the sources are others than those of the plan that is in force. */
  async changed(plan: TopicPlan): Promise<boolean> {
    this.#next = this.#clock.monotonic() + LOOK_EVERY_MS
    const { plan: now } = await this.#setup.look()
    return textOf(now) !== textOf(plan)
  }
}

function textOf({ tasks }: TopicPlan): string {
  return JSON.stringify(tasks.map(({ sources }) => [...sources].sort()))
}
