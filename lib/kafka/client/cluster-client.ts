/** Everything that is asked of a cluster goes through here. Signatures first. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { Random } from '../../core/random.ts'
import type { Transport } from '../transport.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'

export type Lane = 'join' | 'coordinator' | 'fetch' | 'restore' | 'produce' | 'admin'

export interface ClusterClientOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly clientId: string
  readonly requestTimeoutMs: number
}

export declare class ClusterClient {
  constructor(options: ClusterClientOptions)
  /** All topics, or these; waits for an answer up to a minute, then RetriableError. */
  metadata(topics?: readonly string[]): Promise<ClusterMetadata>
  coordinator(kind: 'group' | 'transaction', key: string): Promise<number>
  /** Closes every connection; the transport is its owner's to close. */
  close(): Promise<void>
}
