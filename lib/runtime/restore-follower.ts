/** One changelog that is being replayed into a store, and how long that may take. */
import type { Admin, ListedOffset } from '../kafka/client/admin.ts'
import { partitionKey, type TopicPartition } from '../kafka/client/topic-partition.ts'
import type { TaskState } from '../state/task-state.ts'
import type { ActiveTask, TaskChangelog } from './active-task.ts'

export interface Follower {
  readonly active: ActiveTask
  readonly state: TaskState
  readonly changelog: TaskChangelog
  readonly of: TopicPartition
  /** Where to begin; after that the fetcher knows. */
  position: number
  end: number
  rows: number
  /** Wall-clock time at which the store was complete, or was empty and its replay began. */
  since: number
}

export type Offsets = ReadonlyMap<string, ListedOffset>

/** Those of a task, which are placed later. */
export function followersOf(active: ActiveTask): Follower[] {
  const { state } = active
  if (state === undefined) return []
  return active.changelogs.map((changelog) => ({
    active,
    state,
    changelog,
    of: { topic: changelog.topic, partition: active.ref.partition },
    position: 0,
    end: 0,
    rows: 0,
    since: 0,
  }))
}

/**
 * Compaction keeps a tombstone for delete.retention.ms behind what it deletes. A store that is
 * longer on its way to the changelog's end may have the row and miss the tombstone; half of that
 * time is kept as a margin, for clocks and for the replay itself.
 */
export function isStale({ changelog, since }: Follower, now: number): boolean {
  return now - since > changelog.deleteRetentionMs / 2
}

/** First offsets and high watermarks. */
export async function bounds(
  admin: Admin,
  partitions: readonly TopicPartition[],
): Promise<[starts: Offsets, ends: Offsets]> {
  if (partitions.length === 0) return [new Map(), new Map()]
  return Promise.all([
    admin.listOffsets(partitions, 'earliest'),
    admin.listOffsets(partitions, 'latest'),
  ])
}

export function offsetIn(offsets: Offsets, of: TopicPartition): number {
  return offsets.get(partitionKey(of.topic, of.partition))?.offset ?? 0
}
