/**
 * Asks for Metadata and keeps the leader table up to date.
 *
 * Refreshes are shared: who asks while one is on its way gets the next one, together with all who
 * ask until then. So a node that fails costs one request, not one per partition.
 */
import { metadata } from '../protocol/apis.ts'
import type { ResponseOf } from '../protocol/message-table.ts'
import type { NodeAddress } from '../transport.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { ClusterMetadata, TopicMetadata } from './cluster-metadata.ts'
import { failureOf } from './failures.ts'
import type { LeaderTable } from './leader-table.ts'
import { reactionTo } from './reactions.ts'

const NO_ID = '0'.repeat(32)
const REFRESH_PATIENCE_MS = 5000

type Answer = ResponseOf<typeof metadata>

export class MetadataReader {
  readonly #client: ClusterClient
  readonly #table: LeaderTable
  readonly #stamp: () => number
  readonly #wanted = new Set<string>()
  #refreshing: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(client: ClusterClient, table: LeaderTable, stamp: () => number) {
    this.#client = client
    this.#table = table
    this.#stamp = stamp
  }

  /** All topics when left out. Throws FatalError `AUTHORIZATION_FAILED` for a topic that we may not see. */
  async read(topics?: readonly string[], patienceMs?: number): Promise<ClusterMetadata> {
    const stamp = this.#stamp()
    const answer = await this.#client.call(
      metadata,
      'any',
      'admin',
      {
        topics: topics?.map((name) => ({ name })) ?? null,
        allowAutoTopicCreation: false,
      },
      patienceMs === undefined ? {} : { patienceMs },
    )
    const read = toMetadata(answer)
    const nodes = new Map<number, NodeAddress>()
    for (const { nodeId, host, port } of answer.brokers) nodes.set(nodeId, { host, port })
    this.#table.learn(read, nodes, answer.controllerId, topics ?? [], stamp)
    return read
  }

  /** Never rejects: the table stays as it was. */
  refresh(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#wanted.add(topic)
    if (this.#refreshing === undefined) return this.#begin()
    this.#next ??= this.#refreshing.then(() => {
      this.#next = undefined
      return this.#begin()
    })
    return this.#next
  }

  #begin(): Promise<void> {
    const topics = [...this.#wanted]
    this.#wanted.clear()
    const done = (): void => {
      this.#refreshing = undefined
    }
    this.#refreshing = this.read(topics, REFRESH_PATIENCE_MS).then(done, done)
    return this.#refreshing
  }
}

function toMetadata(answer: Answer): ClusterMetadata {
  const topics = new Map<string, TopicMetadata>()
  for (const topic of answer.topics) {
    const name = topic.name ?? ''
    const reaction = reactionTo(topic.errorCode)
    // Without a leader a topic is there all the same; any other refusal of this kind is a missing one.
    if (reaction === 'refresh' && topic.partitions.length === 0) continue
    if (reaction === 'denied' || reaction === 'config')
      throw failureOf(topic.errorCode, `Metadata of topic ${name}`)
    topics.set(name, {
      name,
      id: topic.topicId === NO_ID ? undefined : topic.topicId,
      internal: topic.isInternal,
      partitions: topic.partitions
        .map((partition) => ({
          partition: partition.partitionIndex,
          leader: partition.leaderId,
          leaderEpoch: partition.leaderEpoch,
          replicas: partition.replicaNodes.length,
        }))
        .sort((one, other) => one.partition - other.partition),
    })
  }
  return { clusterId: answer.clusterId ?? undefined, brokers: answer.brokers.length, topics }
}
