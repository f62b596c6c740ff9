/** What producers are made of, and what they have in common. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { Compression } from '../protocol/compression.ts'
import type { ClusterClient } from './cluster-client.ts'

export interface ProducerOptions {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
  /** Of one request; 1 MB. */
  readonly maxRequestBytes?: number
  /** When a batch is closed and sent before anybody asks; 128 kB. */
  readonly batchBytes?: number
  /** None. */
  readonly compression?: Compression
  /** How long one batch is tried before `flush` rejects; two minutes. */
  readonly deliveryTimeoutMs?: number
}

/** Behind our last acknowledged record of a partition. */
export interface EndOffset {
  readonly offset: number
  /** Of the leader that took it; -1: not known for certain. */
  readonly leaderEpoch: number
}

export function withDefaults(options: ProducerOptions): Required<ProducerOptions> {
  return {
    client: options.client,
    clock: options.clock,
    logger: options.logger,
    maxRequestBytes: options.maxRequestBytes ?? 1_048_576,
    batchBytes: options.batchBytes ?? 131_072,
    compression: options.compression ?? 'none',
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
  }
}
