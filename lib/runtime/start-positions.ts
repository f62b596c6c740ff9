/**
 * Where the tasks that a member gained begin: at their committed offsets, or at a start position that
 * is resolved once, by the first owner, and committed before the first record.
 *
 * 1. Vanished is not new: without a committed offset, rows in a changelog or on the disk mean that
 *    the offsets expired or were deleted. Beginning anew would count everything twice.
 * 2. A topic that the committed metadata names must still be there, with the same id.
 */
import { FatalError } from '../core/errors.ts'
import type { StartPosition } from '../core/position.ts'
import type { Admin } from '../kafka/client/admin.ts'
import type { ClusterMetadata } from '../kafka/client/cluster-metadata.ts'
import type { CommittedOffset, GroupFence, OffsetToCommit } from '../kafka/client/group-fence.ts'
import type { GroupSession } from '../kafka/client/group-session.ts'
import { partitionKey, type TopicPartition } from '../kafka/client/topic-partition.ts'
import type { SourceNode } from '../topology/nodes.ts'
import type { ActiveTask } from './active-task.ts'
import { decodeOffsetMetadata, encodeOffsetMetadata, NO_METADATA } from './offset-metadata.ts'
import type { TaskStart } from './task-options.ts'
import { sourceTopics } from './topic-plan.ts'

export interface StartContext {
  readonly fence: GroupFence
  readonly metadata: ClusterMetadata
  /** Sub-topologies, by rank, that no member had committed anything of when the leader looked. */
  readonly fresh: ReadonlySet<number>
  readonly signal: AbortSignal
}

type Committed = ReadonlyMap<string, CommittedOffset>

export class StartPositions {
  readonly #group: GroupSession
  readonly #admin: Admin
  readonly #applicationId: string

  constructor(options: { group: GroupSession; admin: Admin; applicationId: string }) {
    this.#group = options.group
    this.#admin = options.admin
    this.#applicationId = options.applicationId
  }

  /** Sets `start` of each task; their states are open. */
  async resolve(tasks: readonly ActiveTask[], context: StartContext): Promise<void> {
    if (tasks.length === 0) return
    const committed = await this.#committed(tasks, context.signal)
    for (const active of tasks) checkTopicIds(active, committed, context.metadata)
    const open = tasks.filter((active) => missingOf(active, committed).length > 0)
    const resolved = await this.#resolveNew(open, committed, context)
    for (const active of tasks) {
      active.start = startOf(active, committed, resolved)
      const offsets = [...active.start].map(
        ([topic, { offset }]) => [partitionKey(topic, active.ref.partition), offset] as const,
      )
      await active.state?.reconcile(new Map(offsets))
    }
    if (resolved.size > 0) await this.#commit(open, committed, context.fence)
  }

  /** Reads again where tasks stand that were given up in the middle of a span. */
  async reread(tasks: readonly ActiveTask[], signal: AbortSignal): Promise<void> {
    if (tasks.length === 0) return
    const committed = await this.#committed(tasks, signal)
    for (const active of tasks) {
      const [missing] = missingOf(active, committed)
      if (missing !== undefined) throw offsetsVanished(active, missing, 'they were there before')
      active.start = startOf(active, committed, new Map())
    }
  }

  async #committed(tasks: readonly ActiveTask[], signal: AbortSignal): Promise<Committed> {
    const partitions = tasks.flatMap(inputsOf)
    const offsets = await this.#group.committed(partitions, signal)
    return new Map(
      offsets
        .filter(({ offset }) => offset >= 0)
        .map((committed) => [partitionKey(committed.topic, committed.partition), committed]),
    )
  }

  /** Offsets of inputs without a committed one, by partition. */
  async #resolveNew(
    tasks: readonly ActiveTask[],
    committed: Committed,
    context: StartContext,
  ): Promise<ReadonlyMap<string, number>> {
    await this.#refuseVanished(tasks, committed)
    const resolved = new Map<string, number>()
    for (const active of tasks)
      for (const topic of missingOf(active, committed)) {
        const of = { topic, partition: active.ref.partition }
        // What is found later was not there when the user said where to begin.
        const start = context.fresh.has(active.ref.rank)
          ? this.#sourceOf(active, topic)?.start
          : undefined
        resolved.set(partitionKey(topic, of.partition), await this.#offsetOf(of, start))
      }
    return resolved
  }

  async #refuseVanished(tasks: readonly ActiveTask[], committed: Committed): Promise<void> {
    const suspects = tasks.flatMap((active) => suspectOf(active, committed))
    const changelogs = suspects.flatMap(({ active }) => changelogsOf(active))
    if (changelogs.length === 0) return
    const [starts, ends] = await Promise.all([
      this.#admin.listOffsets(changelogs, 'earliest'),
      this.#admin.listOffsets(changelogs, 'latest'),
    ])
    for (const { active, topic } of suspects)
      for (const { topic: changelog, partition } of changelogsOf(active)) {
        const key = partitionKey(changelog, partition)
        if ((ends.get(key)?.offset ?? 0) > (starts.get(key)?.offset ?? 0))
          throw offsetsVanished(active, topic, `changelog '${changelog}' has records`)
      }
  }

  #sourceOf(active: ActiveTask, topic: string): SourceNode | undefined {
    return active.plan.subTopology.sources.find((source) =>
      sourceTopics(source, this.#applicationId, [topic]).includes(topic),
    )
  }

  async #offsetOf(of: TopicPartition, start: StartPosition | undefined): Promise<number> {
    const list = async (at: 'earliest' | 'latest' | number): Promise<number> =>
      (await this.#admin.listOffsets([of], at)).get(partitionKey(of.topic, of.partition))?.offset ??
      -1
    if (start === undefined || start === 'earliest') return list('earliest')
    if (start === 'latest') return list('latest')
    if ('timestamp' in start) {
      const found = await list(start.timestamp)
      return found >= 0 ? found : list('latest')
    }
    const given = offsetGiven(start.offsets, of)
    return typeof given === 'number' ? given : list(given)
  }

  async #commit(
    tasks: readonly ActiveTask[],
    committed: Committed,
    fence: GroupFence,
  ): Promise<void> {
    const offsets: OffsetToCommit[] = tasks.flatMap((active) =>
      active.topics.map((topic, at) => ({
        topic,
        partition: active.ref.partition,
        offset: active.start.get(topic)?.offset ?? 0,
        metadata:
          committed.get(partitionKey(topic, active.ref.partition))?.metadata ??
          firstMetadata(active, at === 0),
      })),
    )
    await this.#group.commit(fence, offsets)
    for (const active of tasks)
      active.start = new Map(
        offsets
          .filter(({ topic }) => active.start.has(topic))
          .filter(({ partition }) => partition === active.ref.partition)
          .map(({ topic, offset, metadata }) => [topic, { offset, metadata }]),
      )
  }
}

/**
 * A task that has committed nothing: its changelogs tell whether it ever ran. One that has committed
 * other topics may meet a new one; throws when it is not new to it.
 */
function suspectOf(
  active: ActiveTask,
  committed: Committed,
): { readonly active: ActiveTask; readonly topic: string }[] {
  const missing = missingOf(active, committed)
  const named = namedTopics(active, committed)
  for (const topic of missing) {
    const complete = active.state?.inputs.get(partitionKey(topic, active.ref.partition)) ?? 0
    if (complete > 0) throw offsetsVanished(active, topic, 'its state on disk has rows')
    if (named.has(topic)) throw offsetsVanished(active, topic, 'its others are committed')
  }
  const [topic] = missing
  return topic === undefined || missing.length < active.topics.length ? [] : [{ active, topic }]
}

function firstMetadata(active: ActiveTask, first: boolean): string {
  return encodeOffsetMetadata(first ? { ...NO_METADATA, topicIds: active.topicIds } : NO_METADATA)
}

function startOf(
  active: ActiveTask,
  committed: Committed,
  resolved: ReadonlyMap<string, number>,
): ReadonlyMap<string, TaskStart> {
  return new Map(
    active.topics.map((topic) => {
      const key = partitionKey(topic, active.ref.partition)
      const found = committed.get(key)
      return [
        topic,
        { offset: found?.offset ?? resolved.get(key) ?? 0, metadata: found?.metadata ?? '' },
      ]
    }),
  )
}

function inputsOf(active: ActiveTask): TopicPartition[] {
  return active.topics.map((topic) => ({ topic, partition: active.ref.partition }))
}

function changelogsOf(active: ActiveTask): TopicPartition[] {
  return active.changelogs.map(({ topic }) => ({ topic, partition: active.ref.partition }))
}

function missingOf(active: ActiveTask, committed: Committed): readonly string[] {
  return active.topics.filter((topic) => !committed.has(partitionKey(topic, active.ref.partition)))
}

/** Topics and ids that the task committed beside its offsets. */
function namedTopics(active: ActiveTask, committed: Committed): ReadonlyMap<string, Buffer> {
  const named = new Map<string, Buffer>()
  for (const topic of active.topics) {
    const found = committed.get(partitionKey(topic, active.ref.partition))
    const ids = decodeOffsetMetadata(found?.metadata ?? '')?.topicIds
    for (const [name, id] of ids ?? []) named.set(name, id)
  }
  return named
}

/** What was committed must be about the topics that are there. */
function checkTopicIds(active: ActiveTask, committed: Committed, metadata: ClusterMetadata): void {
  const changelogs = new Set(active.changelogs.map(({ topic }) => topic))
  for (const [topic, id] of namedTopics(active, committed)) {
    if (!changelogs.has(topic) && !active.topics.includes(topic)) continue
    const found = active.topicIds.get(topic)
    if (found?.equals(id) === true) continue
    if (metadata.topics.has(topic) && found === undefined) continue
    throw new FatalError(
      metadata.topics.has(topic) ? 'TOPIC_RECREATED' : 'TOPIC_DELETED',
      `topic '${topic}' is not the one that task ${active.id} committed offsets of: it was deleted${metadata.topics.has(topic) ? ' and made again' : ''}. Restore it, or reset the application (delete its offsets, internal topics and state directory) to begin anew`,
    )
  }
}

function offsetsVanished(active: ActiveTask, topic: string, why: string): FatalError {
  return new FatalError(
    'OFFSETS_VANISHED',
    `no offset is committed for '${topic}' partition ${active.ref.partition} of task ${active.id}, though it ran before (${why}): set it with kafka-consumer-groups.sh --reset-offsets, or reset the application (delete its internal topics and state directory) to begin anew. Offsets expire when a group is empty for offsets.retention.minutes`,
  )
}

function offsetGiven(
  offsets: Readonly<Record<string, unknown>>,
  of: TopicPartition,
): number | 'earliest' | 'latest' {
  const byTopic = offsets[of.topic]
  const partitions =
    typeof byTopic === 'object' && byTopic !== null ? (byTopic as Record<string, unknown>) : offsets
  const given = partitions[of.partition]
  return typeof given === 'number' || given === 'latest' ? given : 'earliest'
}
