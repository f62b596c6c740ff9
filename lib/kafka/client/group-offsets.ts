/** Committed offsets of a group: read once no transaction holds them, written without one. */
import { messageOf, TaskMigratedError } from '../../core/errors.ts'
import { offsetCommit, offsetFetch } from '../protocol/apis.ts'
import type { ClusterClient } from './cluster-client.ts'
import { askCoordinator } from './coordinator-request.ts'
import { failureOf } from './failures.ts'
import type { CommittedOffset, GroupFence, OffsetToCommit } from './group-fence.ts'
import { assertFences } from './group-fence.ts'
import { reactionTo } from './reactions.ts'
import type { TopicPartition } from './topic-partition.ts'
import { byTopic } from './topic-partition.ts'

/** Version 7 brought requireStable; from 8 on a request asks for several groups. */
const STABLE = 7
const PATIENCE_MS = 60_000
const UNSTABLE_FIRST_MS = 4
const UNSTABLE_MAX_MS = 100

/**
 * What is committed, after waiting out every transaction over it: right after an EndTxn that was
 * acknowledged, an unstable read still returns the offsets from before.
 *
 * `onUnstable` is told at each answer whether there is one to wait for.
 */
export async function readCommitted(
  client: ClusterClient,
  groupId: string,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
  onUnstable: (unstable: boolean) => void,
): Promise<readonly CommittedOffset[]> {
  const backoff = client.backoff(UNSTABLE_FIRST_MS, UNSTABLE_MAX_MS)
  const topics = byTopic(partitions).map(({ topic, items }) => ({
    name: topic,
    partitionIndexes: items.map(({ partition }) => partition),
  }))
  for (;;) {
    const { answer, code } = await askCoordinator(client, {
      kind: 'group',
      key: groupId,
      api: offsetFetch,
      request: { groupId, topics, requireStable: true },
      codes: (read) => [read.errorCode, ...codesOf(read)],
      call: { minVersion: STABLE, maxVersion: STABLE },
      patienceMs: PATIENCE_MS,
      signal,
    })
    const reaction = reactionTo(code)
    onUnstable(reaction === 'unstable')
    if (reaction === 'none')
      return answer.topics.flatMap(({ name, partitions: read }) =>
        read.map((of) => ({
          topic: name,
          partition: of.partitionIndex,
          offset: of.committedOffset,
          leaderEpoch: of.committedLeaderEpoch,
          metadata: of.metadata ?? '',
        })),
      )
    if (reaction !== 'unstable' || signal.aborted)
      throw failureOf(code, `the committed offsets of group ${groupId}${whereOf(answer, code)}`)
    await backoff.wait(signal)
  }
}

/**
 * Commits under a fence, outside of any transaction. When an answer is lost the request may still
 * arrive, after later ones of the same generation, and set the offset back: that is a
 * TaskMigratedError, for only a new generation keeps it out.
 */
export async function writeCommitted(
  client: ClusterClient,
  fence: GroupFence,
  offsets: readonly OffsetToCommit[],
  signal: AbortSignal,
): Promise<void> {
  assertFences(fence)
  const { groupId } = fence
  const { answer, code } = await askCoordinator(client, {
    kind: 'group',
    key: groupId,
    api: offsetCommit,
    request: {
      groupId,
      generationIdOrMemberEpoch: fence.generation,
      memberId: fence.memberId,
      groupInstanceId: fence.instanceId ?? null,
      topics: byTopic(offsets).map(({ topic, items }) => ({
        name: topic,
        partitions: items.map((item) => ({
          partitionIndex: item.partition,
          committedOffset: item.offset,
          committedLeaderEpoch: item.leaderEpoch ?? -1,
          committedMetadata: item.metadata,
        })),
      })),
    },
    codes: codesOf,
    call: { minVersion: STABLE },
    patienceMs: PATIENCE_MS,
    signal,
    onUnanswered: (cause) => {
      throw new TaskMigratedError(
        'GENERATION_ENDED',
        `the answer to OffsetCommit of group ${groupId} was lost (${messageOf(cause)}): it may still arrive, so the member joins again`,
        { cause },
      )
    },
  })
  if (code !== 0) throw failureOf(code, `OffsetCommit of group ${groupId}${whereOf(answer, code)}`)
}

interface PartitionCodes {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly errorCode: number }[]
  }[]
}

/** Every code of an answer by topic and partition: one that is not 0 stands for its partition alone. */
export function codesOf({ topics }: PartitionCodes): number[] {
  return topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
}

/** The topics that got the code, for an error: an ACL is one topic's. */
export function whereOf({ topics }: PartitionCodes, code: number): string {
  const names = topics
    .filter(({ partitions }) => partitions.some(({ errorCode }) => errorCode === code))
    .map(({ name }) => name)
  return names.length === 0 ? '' : ` for ${names.join(', ')}`
}
