/** How to reach a cluster. Names and shapes are kafkajs', so that a user pastes what they have. */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { Transport } from './transport.ts'

export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'oauthbearer'
      readonly oauthBearerProvider: () => Promise<{ readonly value: string }>
    }

export interface ConnectionOptions {
  readonly clientId?: string
  readonly ssl?: boolean | TlsOptions
  readonly sasl?: SaslOptions
  readonly connectionTimeout?: Duration
  readonly requestTimeout?: Duration
}

/** What a transport gets from whoever opens it. */
export interface ClusterContext {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A way to a cluster: made by `tcp`, `kafkajs` or `embedded`. */
export abstract class Cluster {
  protected abstract readonly transport: 'tcp' | 'kafkajs' | 'embedded'
  /** Its logs live in memory: what an earlier run left on disk is foreign to it. */
  abstract readonly ephemeral: boolean
  /** For requests that may wait; 30 s unless the options say otherwise. */
  abstract readonly requestTimeoutMs: number
  abstract readonly clientId: string
  /** Called once by the application that uses it, which also closes the transport. */
  abstract open(context: ClusterContext): Promise<Transport>
}
