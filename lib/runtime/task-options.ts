/** What a task is made of: given by the worker, or by the test driver. */
import type { Clock } from '../core/clock.ts'
import type { ErrorPolicies } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { TaskState } from '../state/task-state.ts'
import type { SubTopology } from '../topology/nodes.ts'
import type { Collector } from './collector.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

/** Where a topic begins for a task: what was committed, or the start position without metadata. */
export interface TaskStart {
  readonly offset: number
  /** The committed string; empty, or one that cannot be read, is "no time known". */
  readonly metadata: string
}

/** What the fetcher knows of a partition beyond the records that it handed out. */
export interface PartitionEnd {
  /** Next offset to fetch, past markers; everything below it was given to `addBatch`. */
  readonly position: number
  /** Undefined: not known yet, so the task waits for this partition (KIP-695). */
  readonly lastStableOffset: number | undefined
  readonly highWatermark?: number | undefined
  /** Wall-clock time of the last answer, and whether it was empty: for `idle`. */
  readonly answeredAt?: number | undefined
}

export interface TaskOptions {
  /** Sub-topology and partition, as `clicks_3`. */
  readonly id: string
  readonly subTopology: SubTopology
  readonly partition: number
  readonly applicationId: string
  /**
   * The source topics that have this partition, by the names that the cluster knows them by, and
   * where each begins.
   */
  readonly start: ReadonlyMap<string, TaskStart>
  readonly state: TaskState | undefined
  readonly collector: Collector
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly errors?: ErrorPolicies
  /** Left out: timestamps have no limit. */
  readonly maxFutureSkewMs?: number
  /** 0: a partition at its end is not waited for; -1: never wait, not even for what is there. */
  readonly maxTaskIdleMs?: number
  /** Rows that one `emit({ complete })` may tell. 1,000,000. */
  readonly maxCompleteRows?: number
  /** First 8 bytes of topic ids, by topic: sources and changelogs. They are committed too. */
  readonly topicIds?: ReadonlyMap<string, Buffer>
  /** A processor asked for a commit. */
  readonly requestCommit?: () => void
}
