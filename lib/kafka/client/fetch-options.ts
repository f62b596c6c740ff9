/** What a fetcher is made of, and what it hands out. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { RecordView } from '../../core/record-view.ts'
import type { ClusterClient } from './cluster-client.ts'

export interface FetcherOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  readonly lane: 'fetch' | 'restore'
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Of one answer; and no more requests while that much waits for `poll`. */
  readonly maxBytes: number
  /** The same for one partition. */
  readonly partitionMaxBytes: number
  /** How long the broker keeps a request when there is nothing new. */
  readonly maxWaitMs: number
  readonly minBytes: number
}

/** A batch with at least one record to process. */
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

/** What is known of a partition. */
export interface FetchState {
  /** Everything below was handed out by `poll`, or is not for us (markers, aborted records). */
  readonly position: number
  readonly highWatermark: number | undefined
  /** Under read_uncommitted that is the high watermark. */
  readonly lastStableOffset: number | undefined
  readonly logStartOffset: number | undefined
  /** Wall-clock time of the last answer; -Infinity: none since it was assigned or rewound. */
  readonly answeredAt: number
  /** Whether that answer brought nothing, and nothing waits for `poll`. */
  readonly empty: boolean
}
