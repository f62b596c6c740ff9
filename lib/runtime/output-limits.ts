/**
 * What the output topics accept, read before the first record, so that a record which Kafka would
 * refuse is found while it can still be skipped or dead-lettered alone.
 */
import type { Logger } from '../core/logger.ts'
import type { Admin, TopicConfig } from '../kafka/client/admin.ts'
import { DEFAULT_LIMITS, type TopicLimits } from './collector.ts'

export class OutputLimits {
  readonly #admin: Admin
  readonly #logger: Logger
  readonly #limits = new Map<string, TopicLimits>()

  constructor(admin: Admin, logger: Logger) {
    this.#admin = admin
    this.#logger = logger
  }

  knows(topic: string): boolean {
    return this.#limits.has(topic)
  }

  /** Kafka's defaults for a topic that was not read. */
  of(topic: string): TopicLimits {
    return this.#limits.get(topic) ?? DEFAULT_LIMITS
  }

  /** Those of them that are not known yet. */
  async read(topics: readonly string[]): Promise<void> {
    const open = topics.filter((topic) => !this.#limits.has(topic))
    if (open.length === 0) return
    const configs = await this.#admin.describeTopicConfigs(open)
    for (const topic of open) {
      const config = configs.get(topic)
      this.#limits.set(topic, config === undefined ? DEFAULT_LIMITS : limitsOf(config))
      if (config === undefined)
        this.#logger.debug(
          { topic },
          "the settings of this topic may not be read (DescribeConfigs): Kafka's default limits are taken",
        )
    }
  }
}

function limitsOf(config: ReadonlyMap<string, TopicConfig>): TopicLimits {
  const number = (name: string, otherwise: number): number => {
    const text = config.get(name)?.value
    // Java's Long.MAX_VALUE rounds to above what a timestamp can be, which is what it means.
    return text === undefined || text === null ? otherwise : Number(text)
  }
  const type = config.get('message.timestamp.type')?.value
  return {
    maxMessageBytes: number('max.message.bytes', DEFAULT_LIMITS.maxMessageBytes),
    timestampType: type === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: number(
      'message.timestamp.before.max.ms',
      DEFAULT_LIMITS.timestampBeforeMaxMs,
    ),
    timestampAfterMaxMs: number(
      'message.timestamp.after.max.ms',
      DEFAULT_LIMITS.timestampAfterMaxMs,
    ),
  }
}
