/** Reads partitions. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { RecordView } from '../../core/record-view.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface FetcherOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  readonly lane: 'fetch' | 'restore'
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Of one answer, and of what is kept until `poll` takes it. */
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  readonly maxWaitMs: number
  readonly minBytes: number
}

export interface FetchedBatch {
  readonly topic: string
  readonly partition: number
  readonly view: RecordView
  /** The first record of `view` to process: a fetch may start inside a batch. */
  readonly firstIndex: number
  /** Behind the batch. */
  readonly nextOffset: number
  /** Of the batch's header; -1: not known. */
  readonly leaderEpoch: number
}

export interface FetchState {
  /** Everything below it was handed out by `poll`, or needs no handing out (markers, aborted records). */
  readonly position: number
  readonly highWatermark: number | undefined
  /** Under read_uncommitted that is the high watermark. */
  readonly lastStableOffset: number | undefined
  readonly logStartOffset: number | undefined
  /** Wall-clock time of the last answer; -Infinity: none since it was assigned or rewound. */
  readonly answeredAt: number
  /** Whether that answer was empty, and nothing fetched waits for `poll`. */
  readonly empty: boolean
}

export declare class Fetcher {
  constructor(options: FetcherOptions)
  /** The whole set. A partition at its present position stays as it is; others begin anew, and late answers for them are dropped. */
  assign(positions: readonly (TopicPartition & { readonly offset: number })[]): void
  /** Not fetched and not handed out until resumed; what was fetched is kept. */
  pause(of: TopicPartition): void
  resume(of: TopicPartition): void
  /** What is there now. Throws OffsetOutOfRangeError, FatalError (authorization, TOPIC_DELETED, TOPIC_RECREATED). */
  poll(): readonly FetchedBatch[]
  /** Resolves once `poll` has something to return or throw, the time is up, or the signal aborts. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Undefined: not assigned. */
  state(of: TopicPartition): FetchState | undefined
  /** Fetched, and not handed out yet. */
  readonly bufferedBytes: number
  close(): Promise<void>
}
