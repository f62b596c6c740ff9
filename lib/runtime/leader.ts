/**
 * What the group's leader does at a rebalance: looks at the topics, creates internal ones that are
 * missing, and shares the tasks among the members that run its own topology.
 */
import { ConfigError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { CommittedOffset } from '../kafka/client/group-fence.ts'
import type { GroupMember } from '../kafka/client/group-session.ts'
import type { TopicPartition } from '../kafka/client/topic-partition.ts'
import type { SubTopology } from '../topology/nodes.ts'
import { type Assignment, type AssignmentError, encodeAssignment } from './assignment.ts'
import { type AssignableTask, assignTasks } from './assignor.ts'
import { decodeSubscription, encodeConsumerAssignment } from './consumer-protocol.ts'
import { decodeOffsetMetadata } from './offset-metadata.ts'
import type { TaskPlan, TopicPlan } from './topic-plan.ts'
import type { TopicSetup, TopicView } from './topic-setup.ts'
import { ACTIVE, decodeUserData, type UserData } from './user-data.ts'

/** A broker fails SyncGroup above 1 MB of all members together. */
const GROUP_BYTES_LIMIT = 500_000

export interface LeaderOptions {
  readonly setup: TopicSetup
  readonly fingerprint: Buffer
  readonly logger: Logger
  readonly committed: (partitions: readonly TopicPartition[]) => Promise<readonly CommittedOffset[]>
}

interface Candidate {
  readonly memberId: string
  readonly data: UserData
}

export class Leader {
  readonly #options: LeaderOptions

  constructor(options: LeaderOptions) {
    this.#options = options
  }

  /** Assignments by member id, in Kafka's envelope. Throws what looking at the topics throws. */
  async assign(members: readonly GroupMember[]): Promise<ReadonlyMap<string, Buffer>> {
    const { plan } = await this.#topics()
    const errors = new Map<string, AssignmentError>()
    const candidates = this.#candidates(members, errors)
    const given = assignTasks(tasksOf(plan), candidates.map(asMember))
    const shared = {
      standby: [],
      topics: plan.tasks.flatMap(({ sources }) =>
        [...sources].map(([topic, partitions]) => ({ topic, partitions })),
      ),
      endpoints: candidates
        .filter(({ data }) => data.endpoint !== '')
        .map(({ memberId, data }) => ({ memberId, endpoint: data.endpoint })),
      fresh: await this.#fresh(plan),
    }
    const assignments = new Map<string, Buffer>()
    for (const { memberId } of members) {
      const active = given.get(memberId) ?? []
      const error = errors.get(memberId) ?? 'none'
      assignments.set(memberId, envelope({ ...shared, error, active }, plan))
    }
    checkSize(members, assignments)
    return assignments
  }

  async #topics(): Promise<TopicView> {
    const { setup } = this.#options
    const view = await setup.look()
    const missing = new Set(setup.missing(view).map(({ subTopology }) => subTopology))
    const concerned = view.plan.tasks.filter(({ subTopology }) => missing.has(subTopology.id))
    await setup.create(view, await this.#named(concerned))
    return missing.size === 0 ? view : setup.look()
  }

  /** Topics that committed metadata of these sub-topologies names. */
  async #named(plans: readonly TaskPlan[]): Promise<ReadonlySet<string>> {
    const named = new Set<string>()
    const partitions = plans.flatMap(partitionsOf)
    if (partitions.length === 0) return named
    for (const { metadata } of await this.#options.committed(partitions))
      for (const topic of decodeOffsetMetadata(metadata)?.topicIds.keys() ?? []) named.add(topic)
    return named
  }

  async #fresh(plan: TopicPlan): Promise<readonly number[]> {
    const fresh: number[] = []
    for (const [rank, tasks] of plan.tasks.entries()) {
      if (!hasStart(tasks.subTopology)) continue
      const committed = await this.#options.committed(partitionsOf(tasks))
      if (committed.every(({ offset }) => offset < 0)) fresh.push(rank)
    }
    return fresh
  }

  /** Members that get tasks; the others' errors are noted. */
  #candidates(
    members: readonly GroupMember[],
    errors: Map<string, AssignmentError>,
  ): readonly Candidate[] {
    const candidates: Candidate[] = []
    for (const { memberId, subscription } of members) {
      const data = decodeUserData(decodeSubscription(subscription)?.userData ?? Buffer.alloc(0))
      if (data?.fingerprint.equals(this.#options.fingerprint) === true)
        candidates.push({ memberId, data })
      else errors.set(memberId, 'other-topology')
    }
    if (errors.size > 0)
      this.#options.logger.warn(
        { members: [...errors.keys()] },
        'members that run another version of the topology get no tasks until those of this one are gone',
      )
    return withoutTwins(candidates, errors)
  }
}

/** Of two living starts of one process id the younger gets nothing: the one that runs nothing yet. */
function withoutTwins(
  candidates: readonly Candidate[],
  errors: Map<string, AssignmentError>,
): readonly Candidate[] {
  const runs = ({ data }: Candidate): number =>
    data.tasks.filter(({ offsetSum }) => offsetSum === ACTIVE).length
  const elders = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const id = candidate.data.processId.toString('hex')
    const elder = elders.get(id)
    if (elder === undefined || runs(candidate) > runs(elder)) elders.set(id, candidate)
  }
  return candidates.filter((candidate) => {
    const elder = elders.get(candidate.data.processId.toString('hex'))
    if (elder === undefined || elder.data.startId.equals(candidate.data.startId)) return true
    errors.set(candidate.memberId, 'process-id-in-use')
    return false
  })
}

function tasksOf(plan: TopicPlan): AssignableTask[] {
  return plan.tasks.flatMap(({ subTopology, tasks }, rank) =>
    Array.from({ length: tasks }, (_, partition) => ({
      rank,
      partition,
      stateful: subTopology.stores.length > 0,
    })),
  )
}

function asMember({ memberId, data }: Candidate): { memberId: string; tasks: UserData['tasks'] } {
  return { memberId, tasks: data.tasks }
}

function envelope(assignment: Assignment, plan: TopicPlan): Buffer {
  const partitions = new Map<string, number[]>()
  for (const { rank, partition } of assignment.active)
    for (const [topic, count] of plan.tasks[rank]?.sources ?? [])
      if (partition < count) partitions.set(topic, [...(partitions.get(topic) ?? []), partition])
  return encodeConsumerAssignment({
    assigned: [...partitions].map(([topic, of]) => ({ topic, partitions: of })),
    userData: encodeAssignment(assignment),
  })
}

function hasStart({ sources }: SubTopology): boolean {
  return sources.some(({ start }) => start !== undefined && start !== 'earliest')
}

function partitionsOf({ sources }: TaskPlan): TopicPartition[] {
  return [...sources].flatMap(([topic, partitions]) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
}

function checkSize(
  members: readonly GroupMember[],
  assignments: ReadonlyMap<string, Buffer>,
): void {
  let bytes = 0
  for (const { subscription } of members) bytes += subscription.length
  for (const assignment of assignments.values()) bytes += assignment.length
  if (bytes <= GROUP_BYTES_LIMIT) return
  throw new ConfigError(
    'INVALID_OPTION',
    `the group's metadata is ${bytes} bytes, more than ${GROUP_BYTES_LIMIT}, and Kafka fails above 1 MB: run fewer instances, or give repartition topics fewer partitions`,
  )
}
