/** Writes within transactions. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { GroupFence, OffsetToCommit } from './group-fence.ts'
import type { PartitionKey } from './topic-partition.ts'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Behind our last acknowledged record of a partition. */
export interface EndOffset {
  readonly offset: number
  /** -1: not known for certain. */
  readonly leaderEpoch: number
}

export interface TransactionalProducerOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** Of one request, 1 MB. */
  readonly maxRequestBytes?: number
  /** When a batch is closed and sent before `flush`; 128 kB. */
  readonly batchBytes?: number
  readonly compression?: Compression
  /** How long one batch is tried before `flush` rejects; two minutes. */
  readonly deliveryTimeoutMs?: number
}

export declare class TransactionalProducer {
  constructor(options: TransactionalProducerOptions)
  /** Something was sent, or waits to be, since the last `end`. */
  readonly inTransaction: boolean
  /** Not acknowledged yet. */
  readonly bufferedBytes: number
  /** InitProducerId(-1, -1): after gaining membership, before the committed offsets are read. Refuses brokers before 2.5. */
  claim(signal?: AbortSignal): Promise<void>
  /** InitProducerId with the current id: aborts what is open. Throws TaskMigratedError FENCED when somebody else has the id. */
  recover(signal?: AbortSignal): Promise<void>
  /** Copies key and value. `origin` comes back in a RefusedRecordError. */
  send(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers?: RecordHeaders,
    origin?: unknown,
  ): void
  /** Sends what is buffered without waiting for batches to fill or for answers. */
  push(): void
  /** Resolves once fewer bytes than that are unacknowledged; rejects as `flush`. */
  drain(belowBytes: number): Promise<void>
  /** Every record acknowledged. Rejects with RefusedRecordError, TaskMigratedError FENCED (let `end('abort')` decide), RetriableError, FatalError; the transaction can then only be aborted. */
  flush(): Promise<void>
  /** By 'topic/partition', since the last `end`. */
  endOffsets(): ReadonlyMap<PartitionKey, EndOffset>
  /** After `flush`. At least one partition: it is the only fence. Rejects on any code but 0. */
  sendOffsets(fence: GroupFence, offsets: readonly OffsetToCommit[]): Promise<void>
  /**
   * 'commit': repeats the same EndTxn until it is decided or the signal aborts. 'aborted': certainly
   * not committed; 'unknown': only the committed offsets can tell. After both `recover` comes next.
   * 'abort': drops what is buffered and settles by InitProducerId; throws TaskMigratedError FENCED
   * when somebody else has the id. A clean producer otherwise.
   */
  end(
    outcome: 'commit' | 'abort',
    signal?: AbortSignal,
  ): Promise<'committed' | 'aborted' | 'unknown'>
  close(): Promise<void>
}
