/** What must hold between a store's own offset and its changelog before anything is replayed. */
import { FatalError } from '../core/errors.ts'
import type { Admin } from '../kafka/client/admin.ts'
import { partitionKey, type TopicPartition } from '../kafka/client/topic-partition.ts'

export interface StorePosition {
  readonly task: string
  readonly of: TopicPartition
  /** Undefined: the store is empty. */
  readonly own: { readonly offset: number; readonly leaderEpoch: number } | undefined
  /** High watermark. */
  readonly end: number
}

/**
 * A changelog that lost what the store has (an unclean leader election, a broker restored from a
 * backup) throws CHANGELOG_DIVERGED: neither side can be trusted. Epoch -1, on either side, skips
 * the check by epoch: it is not known.
 */
export async function checkNotDiverged(
  admin: Admin,
  positions: readonly StorePosition[],
): Promise<void> {
  for (const { task, of, own, end } of positions)
    if (own !== undefined && own.offset > end) throw diverged(task, of, own.offset, end)
  const known = positions.flatMap(({ of, own }) =>
    own !== undefined && own.leaderEpoch >= 0 ? [{ ...of, leaderEpoch: own.leaderEpoch }] : [],
  )
  if (known.length === 0) return
  const epochs = await admin.offsetsForLeaderEpoch(known)
  for (const { task, of, own } of positions) {
    const epoch = epochs.get(partitionKey(of.topic, of.partition))
    if (own === undefined || epoch === undefined || epoch.endOffset < 0) continue
    if (own.offset > epoch.endOffset) throw diverged(task, of, own.offset, epoch.endOffset)
  }
}

function diverged(task: string, of: TopicPartition, own: number, end: number): FatalError {
  return new FatalError(
    'CHANGELOG_DIVERGED',
    `the state of task ${task} is complete up to offset ${own} of ${of.topic} partition ${of.partition}, which the changelog has only up to ${end}: the cluster lost records that had been committed. Delete the task's state directory to go on with what the changelog has`,
  )
}

export function truncated(
  task: string,
  of: TopicPartition,
  own: number,
  start: number,
): FatalError {
  return new FatalError(
    'CHANGELOG_TRUNCATED',
    `${of.topic} partition ${of.partition} begins at offset ${start}, and task ${task} needs it from ${own}: rows are gone that nothing can bring back. Restore the topic from a backup, or reset the application (delete its offsets, internal topics and state directory)`,
  )
}
