/** What `TaskState` is opened with, and the rows that go between it, its changelogs and the runtime. */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { ByteStore } from './byte-store.ts'
import type { StoreSpec } from './store-spec.ts'

/** A row for its changelog. */
export interface ChangelogRow {
  readonly store: string
  /** Without the application's prefix. */
  readonly topic: string
  readonly key: Buffer
  /** Null: deleted. */
  readonly value: Buffer | null
  readonly timestamp: number
}

/** A row read from a changelog; bytes are copied. */
export interface RestoredRow {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly offset: number
}

/** The next offset of a changelog, and the leader epoch of the record before; -1: not known. */
export interface ChangelogPosition {
  readonly offset: number
  readonly leaderEpoch: number
}

/** Whose state it is; another application, cluster, task or topic id is refused. */
export interface StateIdentity {
  readonly application: string
  readonly clusterId: string
  readonly task: string
  /** By topic, source topics and changelogs, as hex; a topic that is not known is not compared. */
  readonly topicIds: ReadonlyMap<string, string>
}

export interface TaskStateOptions {
  readonly byteStore: ByteStore
  readonly stores: readonly StoreSpec[]
  readonly identity: StateIdentity
  /** Of this boot of the machine: state that was not closed cleanly under another is rebuilt. */
  readonly bootId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Of clean rows, all stores of the task together. 16 MB. */
  readonly cacheBytes?: number
  /** Check every row at open. False. */
  readonly verify?: boolean
  /** Every batch reaches the disk before it counts as written. False. */
  readonly sync?: boolean
  /** The largest record that a store's changelog takes; more is VALUE_TOO_LARGE at `put`. */
  readonly maxRowBytes?: (store: string) => number
}

/** For progress; names are Spark's. */
export interface RowCount {
  readonly name: string
  readonly numRowsTotal: number
}
