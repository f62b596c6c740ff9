/**
 * Which tasks there are, and how many partitions each internal topic has.
 *
 * Counts follow from the topology and the source topics alone, so every member computes the same.
 * Pure: creating and checking topics is topic-check.ts.
 */
import { ConfigError } from '../core/errors.ts'
import { internalTopic } from '../topology/names.ts'
import type { Program, SinkNode, SourceNode, SubTopology } from '../topology/nodes.ts'
import { changelogKind, type InternalTopic, internalSettings } from './internal-topics.ts'

/** How a sub-topology is spread, and what it needs. */
export interface TaskPlan {
  readonly subTopology: SubTopology
  /** Whole names of its source topics, with their partitions; a pattern's as it matches. */
  readonly sources: ReadonlyMap<string, number>
  /** Those of them that are repartition topics of ours. */
  readonly internalSources: ReadonlySet<string>
  /** Number of tasks: the most that any of its sources has. */
  readonly tasks: number
}

export interface TopicPlan {
  readonly tasks: readonly TaskPlan[]
  readonly internal: readonly InternalTopic[]
}

export interface PlanInput {
  readonly applicationId: string
  readonly program: Program
  /** In the order of their ids. */
  readonly subTopologies: readonly SubTopology[]
  /** Partitions of every topic of the cluster that may matter, by whole name. */
  readonly partitions: ReadonlyMap<string, number>
  /** `internalTopics.partitions`. */
  readonly defaultPartitions: number | undefined
}

/** Names of a source node's topics in the cluster: `topics` of a pattern are those that match. */
export function sourceTopics(
  source: SourceNode,
  applicationId: string,
  known: Iterable<string>,
): readonly string[] {
  if (source.topics instanceof RegExp) {
    const pattern = source.topics
    return [...known].filter((topic) => matchesWhole(pattern, topic)).sort()
  }
  return source.internal
    ? source.topics.map((topic) => internalTopic(applicationId, topic))
    : source.topics
}

/** As Kafka's own subscriptions: the whole name must match. */
function matchesWhole(pattern: RegExp, topic: string): boolean {
  const flags = pattern.flags.replace(/[gy]/g, '')
  return !topic.startsWith('__') && new RegExp(`^(?:${pattern.source})$`, flags).test(topic)
}

/** Throws ConfigError TOPIC_MISSING, NOT_COPARTITIONED. */
export function planTopics(input: PlanInput): TopicPlan {
  const counts = new Map(input.partitions)
  const repartitions = repartitionCounts(input, counts)
  for (const [topic, partitions] of repartitions) counts.set(topic, partitions)
  checkCopartitions(input, counts)
  const tasks = input.subTopologies.map((subTopology) => taskPlan(subTopology, input, counts))
  const internal = [...tasks.flatMap((plan) => internalOf(plan, input))]
  return { tasks, internal: internal.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

function taskPlan(
  subTopology: SubTopology,
  input: PlanInput,
  counts: ReadonlyMap<string, number>,
): TaskPlan {
  const sources = new Map<string, number>()
  const internalSources = new Set<string>()
  for (const source of subTopology.sources)
    for (const topic of sourceTopics(source, input.applicationId, counts.keys())) {
      const partitions = counts.get(topic)
      if (partitions === undefined) throw missing(topic, source)
      sources.set(topic, partitions)
      if (source.internal) internalSources.add(topic)
    }
  return { subTopology, sources, internalSources, tasks: Math.max(0, ...sources.values()) }
}

function missing(topic: string, source: SourceNode): ConfigError {
  return new ConfigError(
    'TOPIC_MISSING',
    `source topic '${topic}' of node '${source.name}' does not exist: create it ` +
      `(kafka-topics.sh --create --topic ${topic} --partitions N), or correct its name`,
  )
}

function internalOf(plan: TaskPlan, input: PlanInput): InternalTopic[] {
  const { applicationId } = input
  const subTopology = plan.subTopology.id
  const topics: InternalTopic[] = []
  for (const source of plan.subTopology.sources) {
    if (!source.internal) continue
    for (const name of sourceTopics(source, applicationId, []))
      topics.push({
        name,
        kind: 'repartition',
        subTopology,
        partitions: plan.sources.get(name) ?? 0,
        settings: internalSettings('repartition'),
      })
  }
  for (const store of plan.subTopology.stores) {
    if (store.changelog === undefined) continue
    const kind = changelogKind(store)
    topics.push({
      name: internalTopic(applicationId, store.changelog.topic),
      kind,
      subTopology,
      partitions: plan.tasks,
      settings: internalSettings(kind, store.changelog.settings),
    })
  }
  return topics
}

/** Counts by whole name; a topic may take its count from another one, so until nothing is open. */
function repartitionCounts(
  input: PlanInput,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const open = new Set(input.program.repartitions.keys())
  const all = new Map(known)
  for (const name of open) all.delete(internalTopic(input.applicationId, name))
  while (open.size > 0) {
    const [settled] = [...open]
      .map((name) => [name, countOf(name, input, all)] as const)
      .filter(([, count]) => count !== undefined)
    // A cycle of repartition topics, none of which says how many: one input partition each.
    const [name, count = 1] = settled ?? [[...open][0] ?? '', input.defaultPartitions]
    open.delete(name)
    const whole = internalTopic(input.applicationId, name)
    counts.set(whole, count)
    all.set(whole, count)
  }
  return counts
}

/** What it says itself, else what must be alike has, else the default, else that of its writers. */
function countOf(
  name: string,
  input: PlanInput,
  all: ReadonlyMap<string, number>,
): number | undefined {
  const own = input.program.repartitions.get(name)?.partitions
  if (own !== undefined) return own
  const group = copartitioned(name, input)
  const fixed = group.map((source) => fixedCount(source, input, all)).filter((n) => n !== undefined)
  if (fixed.length > 0) return Math.max(...fixed)
  if (input.defaultPartitions !== undefined) return input.defaultPartitions
  const members = new Set([name, ...group.filter((source) => source.internal).flatMap(namesOf)])
  const writers = [...members].map((member) => writerCount(member, input, all))
  return writers.some((count) => count === undefined)
    ? undefined
    : Math.max(...writers.map((count) => count ?? 1))
}

function namesOf(source: SourceNode): readonly string[] {
  return source.topics instanceof RegExp ? [] : source.topics
}

/** Other sources that must have as many partitions as this repartition topic. */
function copartitioned(name: string, input: PlanInput): SourceNode[] {
  const sources = input.subTopologies.flatMap((subTopology) => subTopology.sources)
  const byName = new Map(sources.map((source) => [source.name, source]))
  return input.program.copartitions
    .map((group) =>
      group.sources.map((source) => byName.get(source)).filter((s) => s !== undefined),
    )
    .filter((group) => group.some((source) => source.internal && namesOf(source).includes(name)))
    .flat()
    .filter((source) => !(source.internal && namesOf(source).includes(name)))
}

/** Of topics that are not ours, and of ours that say how many or are settled. */
function fixedCount(
  source: SourceNode,
  input: PlanInput,
  all: ReadonlyMap<string, number>,
): number | undefined {
  if (!source.internal) {
    const counts = sourceTopics(source, input.applicationId, all.keys()).map((t) => all.get(t) ?? 0)
    return counts.length === 0 ? undefined : Math.max(...counts)
  }
  const [name = ''] = namesOf(source)
  return (
    input.program.repartitions.get(name)?.partitions ??
    all.get(internalTopic(input.applicationId, name))
  )
}

/** The most partitions that a sub-topology that writes to it reads. */
function writerCount(
  name: string,
  input: PlanInput,
  all: ReadonlyMap<string, number>,
): number | undefined {
  const writers = input.subTopologies.filter((subTopology) =>
    subTopology.nodes.some((node) => node.kind === 'sink' && writes(node, name)),
  )
  let most = 1
  for (const source of writers.flatMap((writer) => writer.sources))
    for (const topic of sourceTopics(source, input.applicationId, all.keys())) {
      const count = all.get(topic)
      if (count === undefined && source.internal) return undefined
      most = Math.max(most, count ?? 1)
    }
  return most
}

function writes(sink: SinkNode, name: string): boolean {
  return sink.internal && sink.topic === name
}

function checkCopartitions(input: PlanInput, counts: ReadonlyMap<string, number>): void {
  const sources = input.subTopologies.flatMap((subTopology) => subTopology.sources)
  for (const group of input.program.copartitions) {
    const found = sources
      .filter((source) => group.sources.includes(source.name))
      .flatMap((source) => sourceTopics(source, input.applicationId, counts.keys()))
      .map((topic) => [topic, counts.get(topic)] as const)
      .filter(([, partitions]) => partitions !== undefined)
    if (new Set(found.map(([, partitions]) => partitions)).size <= 1) continue
    const list = found.map(([topic, partitions]) => `'${topic}' has ${partitions}`).join(', ')
    throw new ConfigError(
      'NOT_COPARTITIONED',
      `'${group.node}' joins topics whose partitions differ: ${list}. Give them the same number, ` +
        'or put repartition() before the join',
    )
  }
}
