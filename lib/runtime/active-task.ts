/** A task that this member owns, from its assignment until it goes elsewhere. */
import type { TaskState } from '../state/task-state.ts'
import type { TaskStatus } from './status.ts'
import type { Task } from './task.ts'
import type { PartitionEnd, TaskStart } from './task-options.ts'
import type { TaskPlan } from './topic-plan.ts'
import type { TaskRef } from './user-data.ts'

/** The changelog of one of its stores. */
export interface TaskChangelog {
  readonly store: string
  /** Whole name; its partition is the task's. */
  readonly topic: string
  /** Rows of windows, joins and dedup leave by time, so its start moves. */
  readonly cut: boolean
  /** How long it remembers what was deleted. */
  readonly deleteRetentionMs: number
}

/** How far a restore is, in records of all its changelogs. */
export interface RestoreProgress {
  done: number
  total: number
}

export interface ActiveTask {
  /** As `clicks_3`. */
  readonly id: string
  readonly ref: TaskRef
  readonly plan: TaskPlan
  /** Source topics that have its partition, sorted by bytes; the first carries what is task-wide. */
  readonly topics: readonly string[]
  readonly changelogs: readonly TaskChangelog[]
  /** First 8 bytes of the ids of its source and changelog topics. */
  readonly topicIds: ReadonlyMap<string, Buffer>
  state: TaskState | undefined
  /** Made once its state is complete, and kept over aborts. */
  task: Task | undefined
  /** Where it begins, as the coordinator said. */
  start: ReadonlyMap<string, TaskStart>
  phase: 'restoring' | 'running'
  restore: RestoreProgress | undefined
  /** Why its state did not come from the disk, if so. */
  rebuilt: string | undefined
  /** What was last known of its inputs, by topic. */
  readonly ends: Map<string, PartitionEnd>
}

/** What an assignment says of a task. */
export type AssignedTask = Pick<
  ActiveTask,
  'id' | 'ref' | 'plan' | 'topics' | 'changelogs' | 'topicIds'
>

/** One of which nothing is open yet. */
export function activeTask(assigned: AssignedTask): ActiveTask {
  return {
    ...assigned,
    state: undefined,
    task: undefined,
    start: new Map(),
    phase: 'restoring',
    restore: undefined,
    rebuilt: undefined,
    ends: new Map(),
  }
}

/** One that processes. */
export type RunningTask = ActiveTask & { readonly task: Task }

export function isRunning(active: ActiveTask): active is RunningTask {
  return active.phase === 'running' && active.task !== undefined
}

/** Records that are there and not processed, as far as is known. */
export function lagOf(active: ActiveTask): number {
  let lag = active.task?.queuedRecords ?? 0
  for (const end of active.ends.values())
    lag += Math.max(0, (end.highWatermark ?? end.position) - end.position)
  return lag
}

export function statusOf(active: ActiveTask): TaskStatus {
  const { restore, rebuilt } = active
  return {
    id: active.id,
    state: active.phase,
    streamTime: active.task?.streamTime ?? -1,
    lag: lagOf(active),
    ...(restore === undefined ? {} : { restore: { ...restore } }),
    ...(rebuilt === undefined ? {} : { rebuilt: { reason: rebuilt } }),
  }
}
