/**
 * The topics that dead letters go to. Those that the options name are made at the start, by the
 * leader; one that a function chose is looked up at its first letter, and made by whoever has the
 * letter. Both with the partitions of the widest source, for a letter goes to its source's modulo.
 */
import { ConfigError, isStreamsError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Admin } from '../kafka/client/admin.ts'
import type { ClusterClient } from '../kafka/client/cluster-client.ts'
import type { ClusterMetadata } from '../kafka/client/cluster-metadata.ts'
import type { Program } from '../topology/nodes.ts'
import { deadLetterTopics } from './error-policy.ts'
import type { OutputLimits } from './output-limits.ts'
import type { Settings } from './settings.ts'
import type { TopicPlan } from './topic-plan.ts'

export interface DeadLetterTopicsOptions {
  readonly client: ClusterClient
  readonly admin: Admin
  readonly limits: OutputLimits
  readonly logger: Logger
  readonly settings: Settings
  readonly program: Program
}

export class DeadLetterTopics {
  readonly #options: DeadLetterTopicsOptions
  readonly #declared: ReadonlySet<string>
  /** Partitions of topics that functions chose, by name. */
  readonly #chosen = new Map<string, number>()
  readonly #pending = new Map<string, Promise<void>>()
  #partitions = 1

  constructor(options: DeadLetterTopicsOptions) {
    this.#options = options
    const nodes = [...options.program.nodes.values()]
    const decodes = nodes.flatMap((node) => (node.kind === 'source' ? [node.decode] : []))
    this.#declared = deadLetterTopics(options.settings.errors, decodes)
  }

  /** All that are known: named by the options, or chosen so far. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#declared, ...this.#chosen.keys()])
  }

  /** The sources as they were last seen. */
  spread({ tasks }: TopicPlan): void {
    this.#partitions = Math.max(1, ...tasks.map((plan) => plan.tasks))
  }

  /** Those of the options that are not there. Throws ConfigError TOPIC_MISSING when refused. */
  async createMissing({ topics }: ClusterMetadata): Promise<void> {
    const missing = [...this.#declared].filter((name) => !topics.has(name))
    if (missing.length > 0) await this.#create(missing)
  }

  /** Of one that was chosen and admitted. */
  partitionsOf(topic: string): number | undefined {
    return this.#chosen.get(topic)
  }

  /** Looks a chosen one up, with what it takes, and makes it if it is missing. */
  admit(topic: string): Promise<void> {
    const pending = this.#pending.get(topic) ?? this.#admit(topic)
    this.#pending.set(topic, pending)
    return pending.finally(() => this.#pending.delete(topic))
  }

  async #admit(topic: string): Promise<void> {
    const { client, limits } = this.#options
    let { topics } = await client.metadata([topic])
    if (!topics.has(topic)) {
      await this.#create([topic])
      topics = (await client.metadata([topic])).topics
    }
    await limits.read([topic])
    this.#chosen.set(topic, topics.get(topic)?.partitions.length ?? this.#partitions)
  }

  async #create(names: readonly string[]): Promise<void> {
    const { admin, settings, logger } = this.#options
    const partitions = this.#partitions
    const { replicationFactor } = settings
    try {
      await admin.createTopics(names.map((name) => ({ name, partitions, replicationFactor })))
    } catch (error) {
      if (isStreamsError(error) && error.reaction === 'retry') throw error
      throw refused(names, partitions, error)
    }
    for (const topic of names)
      logger.warn({ topic, partitions }, 'created a dead-letter topic that was missing')
  }
}

function refused(names: readonly string[], partitions: number, error: unknown): ConfigError {
  const list = names.map((name) => `'${name}'`).join(', ')
  return new ConfigError(
    'TOPIC_MISSING',
    `dead-letter topic ${list} does not exist and was not to be made (${messageOf(error)}): create it (kafka-topics.sh --create --topic ${names[0]} --partitions ${partitions}), allow this user to (Create on the topic), or correct the name in errors; the failed record is not committed and comes again`,
    { cause: error },
  )
}
