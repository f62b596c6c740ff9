/** Requests of group members in short. */
import {
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  offsetCommit,
  syncGroup,
} from '../../lib/kafka/protocol/apis.ts'
import type { ResponseOf } from '../../lib/kafka/protocol/message-table.ts'
import type { Connection } from '../../lib/kafka/transport.ts'
import type { RawKafka } from './raw-kafka.ts'

export interface MemberOptions {
  readonly instanceId?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly metadata?: Buffer
  readonly protocolType?: string
  readonly protocol?: string
  readonly version?: number
}

export interface Identity {
  readonly generationId: number
  readonly memberId: string
}

type JoinAnswer = ResponseOf<typeof joinGroup>
type SyncAnswer = ResponseOf<typeof syncGroup>

/** A code; undefined when the answer lacks its partition. */
type Code = Promise<number | undefined>

/** One member on a connection of its own, so that it can wait while others act. */
export class GroupMember {
  readonly kafka: RawKafka
  readonly groupId: string
  readonly options: MemberOptions
  readonly #connection: Connection
  memberId = ''
  generationId = -1
  leader = ''

  constructor(kafka: RawKafka, groupId: string, connection: Connection, options: MemberOptions) {
    this.kafka = kafka
    this.groupId = groupId
    this.options = options
    this.#connection = connection
  }

  static async make(
    kafka: RawKafka,
    groupId: string,
    options: MemberOptions = {},
  ): Promise<GroupMember> {
    return new GroupMember(kafka, groupId, await kafka.connect(), options)
  }

  get leads(): boolean {
    return this.leader === this.memberId
  }

  get identity(): Identity & { readonly groupInstanceId: string | null } {
    const { generationId, memberId } = this
    return { generationId, memberId, groupInstanceId: this.options.instanceId ?? null }
  }

  /** One JoinGroup with the member id that it has. */
  async joinOnce(o: MemberOptions & { memberId?: string } = {}): Promise<JoinAnswer> {
    const with_ = { ...this.options, ...o }
    const answer = await this.kafka.call(
      joinGroup,
      with_.version ?? 5,
      {
        groupId: this.groupId,
        sessionTimeoutMs: with_.sessionTimeoutMs ?? 10_000,
        rebalanceTimeoutMs: with_.rebalanceTimeoutMs ?? 5000,
        memberId: o.memberId ?? this.memberId,
        groupInstanceId: with_.instanceId ?? null,
        protocolType: with_.protocolType ?? 'consumer',
        protocols: [
          { name: with_.protocol ?? 'range', metadata: with_.metadata ?? Buffer.from('m') },
        ],
      },
      this.#connection,
    )
    if (answer.errorCode === 0 || answer.errorCode === 79) this.memberId = answer.memberId
    if (answer.errorCode === 0) {
      this.generationId = answer.generationId
      this.leader = answer.leader
    }
    return answer
  }

  /** As often as it takes to be a member. */
  async join(): Promise<JoinAnswer> {
    const first = await this.kafka.until(
      () => this.joinOnce(),
      ({ errorCode }) => ![14, 15, 16].includes(errorCode),
    )
    return first.errorCode === 79 ? this.joinOnce() : first
  }

  sync(
    assignments: readonly { memberId: string; assignment: Buffer }[] = [],
    o: Partial<Identity> = {},
  ): Promise<SyncAnswer> {
    return this.kafka.call(
      syncGroup,
      3,
      { groupId: this.groupId, ...this.identity, ...o, assignments },
      this.#connection,
    )
  }

  /** Joins and, leading, gives every member its own id as assignment. */
  async become(): Promise<this> {
    const { members } = await this.join()
    await this.sync(
      members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(memberId) })),
    )
    return this
  }

  async heartbeat(o: Partial<Identity> & { groupInstanceId?: string | null } = {}): Code {
    const { errorCode } = await this.kafka.call(heartbeat, 3, {
      groupId: this.groupId,
      ...this.identity,
      ...o,
    })
    return errorCode
  }

  async commit(
    topic: string,
    offset: number,
    o: Partial<Identity> & { groupInstanceId?: string | null; metadata?: string } = {},
  ): Code {
    const { generationId, memberId, groupInstanceId } = { ...this.identity, ...o }
    return commitOffset(this.kafka, this.groupId, topic, offset, {
      generationId,
      memberId,
      groupInstanceId,
      metadata: o.metadata ?? '',
    })
  }

  async leave(o: { memberId?: string; groupInstanceId?: string | null } = {}): Code {
    const { errorCode, members } = await this.kafka.call(leaveGroup, 3, {
      groupId: this.groupId,
      members: [{ memberId: this.memberId, groupInstanceId: this.identity.groupInstanceId, ...o }],
    })
    return members[0]?.errorCode ?? errorCode
  }
}

/** OffsetCommit 7 of one partition; its code. */
export async function commitOffset(
  kafka: RawKafka,
  groupId: string,
  topic: string,
  offset: number,
  o: {
    generationId?: number
    memberId?: string
    groupInstanceId?: string | null
    metadata?: string
    partition?: number
  } = {},
): Code {
  const { topics } = await kafka.call(offsetCommit, 7, {
    groupId,
    generationIdOrMemberEpoch: o.generationId ?? -1,
    memberId: o.memberId ?? '',
    groupInstanceId: o.groupInstanceId ?? null,
    topics: [
      {
        name: topic,
        partitions: [
          {
            partitionIndex: o.partition ?? 0,
            committedOffset: offset,
            committedMetadata: o.metadata ?? '',
          },
        ],
      },
    ],
  })
  return topics[0]?.partitions[0]?.errorCode
}

/** Kafka's name of the state that a group is in. */
export async function stateOf(kafka: RawKafka, groupId: string): Promise<string | undefined> {
  const { groups } = await kafka.call(describeGroups, 5, { groups: [groupId] })
  return groups[0]?.groupState
}

/** A member that is there, and one that is about to join. */
interface Pair {
  readonly group: string
  readonly first: GroupMember
  readonly second: GroupMember
  readonly joining: ReturnType<GroupMember['join']>
}

/** Two members in generation 2, or what comes of a first one that must join again. */
export async function pair(kafka: RawKafka, rebalanceTimeoutMs = 5000): Promise<Pair> {
  const group = kafka.name('group')
  const first = await GroupMember.make(kafka, group, { rebalanceTimeoutMs })
  await first.become()
  const second = await GroupMember.make(kafka, group, { rebalanceTimeoutMs })
  const joining = second.join()
  await kafka.until(
    () => first.heartbeat(),
    (code) => code === 27,
  )
  return { group, first, second, joining }
}

/** The leader gives every member its id. */
export async function settle(first: GroupMember, second: GroupMember): Promise<void> {
  const [leader, follower] = first.leads ? [first, second] : [second, first]
  const waiting = follower.sync()
  await leader.sync(
    [first, second].map(({ memberId }) => ({ memberId, assignment: Buffer.from(memberId) })),
  )
  await waiting
}
