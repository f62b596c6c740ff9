/** Writes at least once, without transactions. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { PartitionKey } from './topic-partition.ts'
import type { Compression, EndOffset } from './transactional-producer.ts'

export interface IdempotentProducerOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  readonly maxRequestBytes?: number
  readonly batchBytes?: number
  readonly compression?: Compression
  readonly deliveryTimeoutMs?: number
}

export declare class IdempotentProducer {
  constructor(options: IdempotentProducerOptions)
  readonly bufferedBytes: number
  send(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers?: RecordHeaders,
    origin?: unknown,
  ): void
  push(): void
  drain(belowBytes: number): Promise<void>
  /** Every record acknowledged or refused. Rejects with the first RefusedRecordError when all others are acknowledged; a later `flush` begins clean. */
  flush(): Promise<void>
  /** Since the last call of `flush` that resolved. */
  endOffsets(): ReadonlyMap<PartitionKey, EndOffset>
  close(): Promise<void>
}
