/**
 * The options of `Streams`, as users write them. All but `applicationId` and the way to the cluster
 * may be left out; settings.ts checks them and has the defaults.
 *
 * There is none for isolation: input, changelogs included, is always read committed.
 */
import type { Duration } from '../core/duration.ts'
import type { ErrorPolicies } from '../core/errors.ts'
import type { Logger, LogLevel } from '../core/logger.ts'
import type { Cluster, ConnectionOptions } from '../kafka/cluster.ts'

export type Guarantee = 'exactly-once' | 'at-least-once' | 'at-most-once'

/** Brokers with kafkajs' connection options, or a cluster made by `tcp`, `kafkajs`, `embedded`. */
export type ClusterOptions =
  | (ConnectionOptions & { readonly brokers: readonly string[]; readonly cluster?: never })
  | { readonly cluster: Cluster; readonly brokers?: never }

export interface FetchOptions {
  /** Of one answer. 10 MB. */
  readonly maxBytes?: number
  /** How long the broker waits for `minBytes`. 500 ms. */
  readonly maxWait?: Duration
  /** 1. */
  readonly minBytes?: number
}

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface ProduceRequestOptions {
  /** `'none'`. */
  readonly compression?: CompressionName
  /** 1 MB. */
  readonly maxRequestBytes?: number
  /** How long records wait for company. 5 ms. */
  readonly linger?: Duration
}

/** When committed rows go from memory to disk: whichever comes first. A clean stop does it too. */
export interface FlushOptions {
  /** 5 s. */
  readonly every?: Duration
  /** 8 MB (8,388,608), all tasks of the process together. */
  readonly bytes?: number
}

/** Repartition topics and changelogs. */
export interface InternalTopicOptions {
  /** Of repartition topics that say nothing themselves; those of the input unless said. */
  readonly partitions?: number
  /** −1: the broker's own default. */
  readonly replicationFactor?: number
}

export interface RuntimeOptions {
  /** Letters, digits, `.`, `_` and `-`: the group, and the prefix of internal topics. */
  readonly applicationId: string
  /** `'exactly-once'`. */
  readonly guarantee?: Guarantee
  /**
   * `./millrace-state`; with a cluster in memory (`embedded()`, `broker.cluster()`) a fresh temporary
   * folder, removed at stop.
   */
  readonly stateDir?: string
  /** 100 ms under exactly-once, 1 s otherwise. */
  readonly commitInterval?: Duration
  readonly errors?: ErrorPolicies
  /** Static membership: a restart within the session timeout moves nothing. */
  readonly instanceId?: string
  /**
   * How long a task waits for a partition that is at its end before it goes on with its others; for
   * one that is known to have more it always waits (KIP-695). 0: not at all.
   */
  readonly maxTaskIdle?: Duration
  /** A timestamp further ahead of the worker's clock is a decode error and moves no time. 1 h. */
  readonly maxFutureSkew?: Duration
  /** How long the group waits for a silent member. 10 s. */
  readonly sessionTimeout?: Duration
  /** How long the group waits for members to come back in a rebalance. 60 s. */
  readonly rebalanceTimeout?: Duration
  /** When the broker aborts a forgotten transaction; above the commit interval. 10 s. */
  readonly transactionTimeout?: Duration
  /** How long a task is tried again while Kafka does not answer it. 5 min. */
  readonly taskTimeout?: Duration
  /** How long SIGTERM and a `stop` that names no timeout may take. 20 s. */
  readonly stopTimeout?: Duration
  readonly fetch?: FetchOptions
  readonly produce?: ProduceRequestOptions
  readonly flush?: FlushOptions
  readonly internalTopics?: InternalTopicOptions
  /** Memory for rows between LevelDB and the operators, all tasks of the process together. 24 MB. */
  readonly cacheBytes?: number
  /** Uncommitted rows that force an early commit, all tasks together. 32 MB (33,554,432). */
  readonly overlayBytes?: number
  /** Rows of one `emit({ complete })` of a task; more is a RecordError that names `limit`. 1,000,000. */
  readonly maxCompleteRows?: number
  /** Forces each LevelDB batch to disk: state survives a power loss without a rebuild. False. */
  readonly sync?: boolean
  /** Scans the checksums of all stores when they are opened, not only those of rows read. False. */
  readonly verify?: boolean
  /**
   * State on disk that is damaged, missing or too old: rebuilt from the changelog (default) or
   * refused. That of another application, cluster or topic id, or written by a newer version, is
   * refused always.
   */
  readonly onUnreadableState?: 'rebuild' | 'refuse'
  /** Reports that `recentProgress` keeps. 100. */
  readonly recentProgress?: number
  /** A pino logger, or the level of our own. `'info'`; `MILLRACE_LOG` wins. */
  readonly logger?: Logger | { readonly level: LogLevel }
}

export type StreamsOptions = RuntimeOptions & ClusterOptions
