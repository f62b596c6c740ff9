/**
 * The topics of an application in the cluster: looked up, created by the leader, verified by all.
 *
 * 1. Only the leader creates, and only what no committed metadata names: a topic that was there and
 *    is gone is never made again, empty, behind the back of what was counted in it.
 * 2. Everybody verifies, for a topic may be from another time or another tool.
 */
import { ConfigError, FatalError, isStreamsError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Admin, TopicConfig } from '../kafka/client/admin.ts'
import type { ClusterClient } from '../kafka/client/cluster-client.ts'
import type { ClusterMetadata } from '../kafka/client/cluster-metadata.ts'
import { internalTopic } from '../topology/names.ts'
import type { Program, SinkNode, SourceNode, SubTopology } from '../topology/nodes.ts'
import type { DeadLetterTopics } from './dead-letter-topics.ts'
import { type InternalTopic, NEWER_SETTINGS } from './internal-topics.ts'
import type { Settings } from './settings.ts'
import { planTopics, type TopicPlan } from './topic-plan.ts'

/** What must be as it was created; a longer delete.retention.ms does no harm. */
const VERIFIED = ['cleanup.policy', 'retention.ms', 'retention.bytes', 'message.timestamp.type']
const SAFE_REPLICAS = 3
const SAFE_INSYNC = 2

/** The cluster as one look at it showed. */
export interface TopicView {
  readonly metadata: ClusterMetadata
  readonly plan: TopicPlan
}

export interface TopicSetupOptions {
  readonly client: ClusterClient
  readonly admin: Admin
  readonly logger: Logger
  readonly settings: Settings
  readonly program: Program
  readonly subTopologies: readonly SubTopology[]
  readonly deadLetters: DeadLetterTopics
}

export class TopicSetup {
  readonly #options: TopicSetupOptions
  /** Internal topics that were found right, and those that were warned of. */
  readonly #verified = new Set<string>()

  constructor(options: TopicSetupOptions) {
    this.#options = options
  }

  /** Throws TOPIC_MISSING and NOT_COPARTITIONED. */
  async look(): Promise<TopicView> {
    const metadata = await this.#options.client.metadata(this.#wanted())
    const partitions = new Map(
      [...metadata.topics].map(([name, topic]) => [name, topic.partitions.length]),
    )
    const { settings, program, subTopologies } = this.#options
    const plan = planTopics({
      applicationId: settings.applicationId,
      program,
      subTopologies,
      partitions,
      defaultPartitions: settings.internalPartitions,
    })
    this.#options.deadLetters.spread(plan)
    return { metadata, plan }
  }

  /** `named`: topics that committed metadata says were there. Leader only; then look again. */
  async create(view: TopicView, named: ReadonlySet<string>): Promise<void> {
    const missing = view.plan.internal.filter(({ name }) => !view.metadata.topics.has(name))
    for (const topic of missing) if (named.has(topic.name)) throw vanished(topic)
    if (missing.length > 0) await this.#createInternal(missing)
    await this.#options.deadLetters.createMissing(view.metadata)
  }

  missing(view: TopicView): readonly InternalTopic[] {
    return view.plan.internal.filter(({ name }) => !view.metadata.topics.has(name))
  }

  /** Throws TOPIC_MISSING, TOPIC_MISCONFIGURED with what to do; warns of weak replication. */
  async verify(view: TopicView): Promise<void> {
    this.#checkSinks(view)
    const open = view.plan.internal.filter(({ name }) => !this.#verified.has(name))
    // Each time: sources that grew ask for more partitions of what was right before.
    for (const topic of view.plan.internal) checkThere(topic, view.metadata)
    if (open.length === 0) return
    const configs = await this.#options.admin.describeTopicConfigs(open.map(({ name }) => name))
    for (const topic of open) {
      const config = configs.get(topic.name)
      if (config === undefined)
        this.#options.logger.warn(
          { topic: topic.name },
          'the settings of this internal topic may not be read (DescribeConfigs), so they are not verified',
        )
      else checkSettings(topic, config)
      this.#verified.add(topic.name)
    }
    this.#warnOfReplication(open, view.metadata, configs)
  }

  /** Topics that are written to: what they accept is read before the first record. */
  outputs(view: TopicView): readonly string[] {
    const names = new Set<string>(this.#options.deadLetters.names)
    for (const { name } of view.plan.internal) names.add(name)
    for (const node of this.#options.program.nodes.values())
      if (node.kind === 'sink' && !node.internal) {
        // A chooser may name any topic, ours and Kafka's own excepted.
        const chosen = [...view.metadata.topics.values()].filter(({ internal }) => !internal)
        const topics = typeof node.topic === 'string' ? [node.topic] : chosen.map((t) => t.name)
        for (const topic of topics) names.add(topic)
      }
    return [...names].filter((name) => view.metadata.topics.has(name))
  }

  #checkSinks(view: TopicView): void {
    for (const node of this.#options.program.nodes.values()) {
      if (node.kind !== 'sink' || node.internal || typeof node.topic !== 'string') continue
      if (view.metadata.topics.has(node.topic)) continue
      throw new ConfigError(
        'TOPIC_MISSING',
        `output topic '${node.topic}' of node '${node.name}' does not exist: create it ` +
          `(kafka-topics.sh --create --topic ${node.topic} --partitions N), or correct its name`,
      )
    }
  }

  /** Every topic when a pattern or a chooser may name any, else those that the topology names. */
  #wanted(): readonly string[] | undefined {
    const { program, settings, deadLetters } = this.#options
    const names = new Set(deadLetters.names)
    const add = (topic: string, internal: boolean): void => {
      names.add(internal ? internalTopic(settings.applicationId, topic) : topic)
    }
    for (const node of program.nodes.values()) {
      if (node.kind === 'processor') continue
      const topics = topicsOf(node)
      if (topics === undefined) return undefined
      for (const topic of topics) add(topic, node.internal)
    }
    for (const { changelog } of program.stores.values())
      if (changelog !== undefined) add(changelog.topic, true)
    return [...names]
  }

  async #createInternal(topics: readonly InternalTopic[]): Promise<void> {
    const { admin, settings, logger } = this.#options
    const withSettings = (skip: readonly string[]) =>
      topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions,
        replicationFactor: settings.replicationFactor,
        configs: Object.fromEntries([...topic.settings].filter(([name]) => !skip.includes(name))),
      }))
    try {
      await admin.createTopics(withSettings([]))
    } catch (error) {
      if (!isStreamsError(error) || error.reaction !== 'refuse') throw error
      await admin.createTopics(withSettings(NEWER_SETTINGS))
    }
    for (const { name, partitions } of topics)
      logger.info({ topic: name, partitions }, 'created an internal topic')
  }

  #warnOfReplication(
    topics: readonly InternalTopic[],
    metadata: ClusterMetadata,
    configs: ReadonlyMap<string, ReadonlyMap<string, TopicConfig> | undefined>,
  ): void {
    const weak = topics.filter(({ name }) => {
      const replicas = metadata.topics.get(name)?.partitions[0]?.replicas ?? SAFE_REPLICAS
      const insync = Number(configs.get(name)?.get('min.insync.replicas')?.value ?? SAFE_INSYNC)
      return replicas < SAFE_REPLICAS || insync < SAFE_INSYNC
    })
    if (weak.length === 0) return
    this.#options.logger.warn(
      { topics: weak.map(({ name }) => name) },
      `internal topics with fewer than ${SAFE_REPLICAS} replicas or min.insync.replicas below ${SAFE_INSYNC} may lose state with one broker: set internalTopics.replicationFactor`,
    )
  }
}

/** Undefined: any topic. */
function topicsOf(node: SourceNode | SinkNode): readonly string[] | undefined {
  if (node.kind === 'source') return node.topics instanceof RegExp ? undefined : node.topics
  return typeof node.topic === 'string' ? [node.topic] : undefined
}

function vanished(topic: InternalTopic): FatalError {
  return new FatalError(
    topic.kind === 'repartition' ? 'TOPIC_DELETED' : 'CHANGELOG_MISSING',
    `internal topic '${topic.name}' was deleted while offsets of sub-topology '${topic.subTopology}' are committed: restore it from a backup, or reset the application (delete its offsets, internal topics and state directory) to begin anew`,
  )
}

function checkThere(topic: InternalTopic, metadata: ClusterMetadata): void {
  const found = metadata.topics.get(topic.name)
  if (found === undefined)
    throw new ConfigError(
      'TOPIC_MISSING',
      `internal topic '${topic.name}' does not exist: the group's leader creates it, unless its user may not (grant Create on the prefix of the application), or create it yourself with ${topic.partitions} partitions`,
    )
  if (found.partitions.length === topic.partitions) return
  throw new ConfigError(
    'TOPIC_MISCONFIGURED',
    `internal topic '${topic.name}' has ${found.partitions.length} partitions and needs ${topic.partitions}: keys would lie elsewhere, so give the source its old number back, or reset the application and delete this topic`,
  )
}

function checkSettings(topic: InternalTopic, config: ReadonlyMap<string, TopicConfig>): void {
  for (const name of [...VERIFIED, 'delete.retention.ms']) {
    const wanted = topic.settings.get(name)
    const found = config.get(name)?.value ?? undefined
    if (wanted === undefined || found === undefined || fits(name, wanted, found)) continue
    throw new ConfigError(
      'TOPIC_MISCONFIGURED',
      `internal topic '${topic.name}' has ${name}=${found} and needs ${wanted}: kafka-configs.sh --alter --topic ${topic.name} --add-config ${name}=${wanted.includes(',') ? `[${wanted}]` : wanted}`,
    )
  }
}

function fits(name: string, wanted: string, found: string): boolean {
  if (name === 'delete.retention.ms') return Number(found) >= Number(wanted)
  const parts = (value: string): string => value.split(',').sort().join(',')
  return parts(wanted) === parts(found)
}
