/**
 * Membership seen from the tasks: what the group is told, and what an assignment changes here.
 *
 * Eager, with stores, queues and fetch positions of kept tasks left open: they process on, once
 * SyncGroup has answered, as if nothing had been.
 */
import { createHash } from 'node:crypto'
import { FatalError } from '../core/errors.ts'
import type { Joined } from '../kafka/client/group-session.ts'
import { internalTopic } from '../topology/names.ts'
import { type ActiveTask, activeTask, type TaskChangelog } from './active-task.ts'
import { type Assignment, decodeAssignment } from './assignment.ts'
import { decodeConsumerAssignment, encodeSubscription } from './consumer-protocol.ts'
import { changelogKind, internalSettings } from './internal-topics.ts'
import type { StateKeeper } from './state-keeper.ts'
import type { TaskTable } from './task-table.ts'
import type { TaskPlan } from './topic-plan.ts'
import type { TopicView } from './topic-setup.ts'
import { encodeUserData, type OwnedTask, type TaskRef } from './user-data.ts'
import { startIdOf, type WorkerOptions } from './worker-parts.ts'

const ID_PREFIX_DIGITS = 16

const NOTHING: Assignment = {
  error: 'none',
  active: [],
  standby: [],
  topics: [],
  endpoints: [],
  fresh: [],
}

export interface Changes {
  readonly removed: readonly ActiveTask[]
  readonly gained: readonly ActiveTask[]
}

export class Membership {
  readonly #options: WorkerOptions
  readonly #table: TaskTable
  readonly #keeper: StateKeeper
  readonly #processId: Buffer
  readonly #startId: Buffer

  constructor(options: WorkerOptions, table: TaskTable, keeper: StateKeeper) {
    this.#options = options
    this.#table = table
    this.#keeper = keeper
    const { settings, directory, random } = options
    this.#processId =
      settings.instanceId === undefined
        ? Buffer.from(directory.processId.replaceAll('-', ''), 'hex')
        : createHash('sha256').update(settings.instanceId).digest().subarray(0, 16)
    this.#startId = startIdOf(random)
  }

  /** The ConsumerProtocol subscription: our topics, for other tools, and who we are, for the leader. */
  subscription(): Buffer {
    const { subTopologies, fingerprint, settings } = this.#options
    const ranks = new Map(subTopologies.map(({ id }, rank) => [id, rank]))
    const tasks: OwnedTask[] = []
    for (const [id, offsetSum] of this.#keeper.owned(
      this.#table.all().map((active) => active.id),
    )) {
      const at = id.lastIndexOf('_')
      const rank = ranks.get(id.slice(0, at))
      if (rank !== undefined) tasks.push({ rank, partition: Number(id.slice(at + 1)), offsetSum })
    }
    const topics = subTopologies.flatMap(({ sources }) =>
      sources.flatMap((source) => {
        if (source.topics instanceof RegExp) return []
        const name = (topic: string): string =>
          source.internal ? internalTopic(settings.applicationId, topic) : topic
        return source.topics.map(name)
      }),
    )
    return encodeSubscription({
      topics: [...new Set(topics)].sort(),
      userData: encodeUserData({
        processId: this.#processId,
        startId: this.#startId,
        fingerprint,
        endpoint: '',
        tasks,
      }),
    })
  }

  /** What SyncGroup answered; nothing at all for a member without tasks. */
  read({ assignment }: Joined): Assignment {
    if (assignment.length === 0) return NOTHING
    const userData = decodeConsumerAssignment(assignment)?.userData
    const read = userData === undefined ? undefined : decodeAssignment(userData)
    if (read !== undefined) return read
    throw new FatalError(
      'INTERNAL',
      "the group's leader sent an assignment that cannot be read: another program uses this applicationId as its group",
    )
  }

  /** What is to be closed and what to be opened. Throws TOPIC_RECREATED for a kept task. */
  compare(assignment: Assignment, view: TopicView): Changes {
    const wanted = new Map<string, TaskRef>()
    for (const ref of assignment.active) {
      const plan = view.plan.tasks[ref.rank]
      if (plan !== undefined) wanted.set(`${plan.subTopology.id}_${ref.partition}`, ref)
    }
    const removed = this.#table.all().filter(({ id }) => !wanted.has(id))
    const gained: ActiveTask[] = []
    for (const [id, ref] of wanted) {
      const plan = view.plan.tasks[ref.rank]
      if (plan === undefined) continue
      const fresh = this.#newTask(id, ref, plan, view)
      const kept = this.#table.get(id)
      if (kept === undefined) gained.push(fresh)
      else checkSameTopics(kept, fresh)
    }
    return { removed, gained }
  }

  #newTask(id: string, ref: TaskRef, plan: TaskPlan, view: TopicView): ActiveTask {
    const changelogs = this.#changelogsOf(plan)
    const topics = [...plan.sources]
      .filter(([, partitions]) => ref.partition < partitions)
      .map(([topic]) => topic)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const topicIds = new Map<string, Buffer>()
    for (const topic of [...topics, ...changelogs.map((changelog) => changelog.topic)]) {
      const found = view.metadata.topics.get(topic)?.id
      if (found !== undefined)
        topicIds.set(topic, Buffer.from(found.slice(0, ID_PREFIX_DIGITS), 'hex'))
    }
    return activeTask({ id, ref, plan, topics, changelogs, topicIds })
  }

  #changelogsOf({ subTopology }: TaskPlan): TaskChangelog[] {
    return subTopology.stores.flatMap(({ name, changelog, kind }) => {
      if (changelog === undefined) return []
      const topic = internalTopic(this.#options.settings.applicationId, changelog.topic)
      const sort = changelogKind({ kind })
      const retention = internalSettings(sort, changelog.settings).get('delete.retention.ms')
      const deleteRetentionMs = Number(retention ?? Number.POSITIVE_INFINITY)
      return [{ store: name, topic, cut: sort === 'windowed-changelog', deleteRetentionMs }]
    })
  }
}

function checkSameTopics(kept: ActiveTask, now: ActiveTask): void {
  for (const [topic, id] of kept.topicIds) {
    const found = now.topicIds.get(topic)
    if (found === undefined || found.equals(id)) continue
    throw new FatalError(
      'TOPIC_RECREATED',
      `topic '${topic}' was deleted and made again while task ${kept.id} ran: its offsets mean other records now. Reset the application (delete its offsets, internal topics and state directory) to begin anew`,
    )
  }
}
