/**
 * What a worker is made of, put together: the clients of one member, each with its lane, and the
 * pieces of the runtime above them. Everything outside comes in through the options.
 */
import type { Clock } from '../core/clock.ts'
import type { StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { type Random, uuid } from '../core/random.ts'
import { Admin } from '../kafka/client/admin.ts'
import { ClusterClient } from '../kafka/client/cluster-client.ts'
import { Fetcher } from '../kafka/client/fetcher.ts'
import { GroupSession, type GroupSessionOptions } from '../kafka/client/group-session.ts'
import { IdempotentProducer } from '../kafka/client/idempotent-producer.ts'
import { TransactionalProducer } from '../kafka/client/transactional-producer.ts'
import type { Transport } from '../kafka/transport.ts'
import type { StateDirectory } from '../state/state-directory.ts'
import type { Program, SubTopology } from '../topology/nodes.ts'
import type { Hooks } from './crash-point.ts'
import type { MetricsRegistry } from './metrics-registry.ts'
import type { Settings } from './settings.ts'
import type { Progress } from './status.ts'

/** Of one partition in a fetch answer. */
const PARTITION_MAX_BYTES = 1_048_576

export interface WorkerOptions {
  readonly settings: Settings
  readonly program: Program
  /** In the order of their ids. */
  readonly subTopologies: readonly SubTopology[]
  readonly fingerprint: Buffer
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly transport: Transport
  readonly directory: StateDirectory
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly hooks: Hooks
  readonly onPhase: (phase: 'rebalancing' | 'running') => void
  readonly onProgress: (progress: Progress) => void
  readonly onRestored: (store: string, rows: number) => void
}

export interface Clients {
  readonly client: ClusterClient
  readonly admin: Admin
  readonly fetcher: Fetcher
  readonly restoring: Fetcher
  readonly transactions: TransactionalProducer | undefined
  readonly outputs: IdempotentProducer | undefined
}

/** Whether commits are transactions: where output or state goes into them. */
export function isTransactional(options: WorkerOptions): boolean {
  return (
    options.settings.guarantee === 'exactly-once' ||
    [...options.program.stores.values()].some(({ changelog }) => changelog !== undefined)
  )
}

export function createClients(options: WorkerOptions): Clients {
  const { settings, clock, random, logger, transport, clientId, directory } = options
  const client = new ClusterClient({
    transport,
    clock,
    random,
    logger,
    clientId,
    requestTimeoutMs: options.requestTimeoutMs,
  })
  const shared = { client, clock, logger }
  const fetching = {
    ...shared,
    isolation: 'read_committed',
    maxBytes: settings.fetchMaxBytes,
    partitionMaxBytes: PARTITION_MAX_BYTES,
    maxWaitMs: settings.fetchMaxWaitMs,
    minBytes: settings.fetchMinBytes,
  } as const
  const producing = {
    ...shared,
    maxRequestBytes: settings.maxRequestBytes,
    compression: settings.compression,
  }
  const processId = settings.instanceId ?? directory.processId
  return {
    client,
    admin: new Admin(shared),
    fetcher: new Fetcher({ ...fetching, lane: 'fetch' }),
    restoring: new Fetcher({ ...fetching, lane: 'restore' }),
    transactions: isTransactional(options)
      ? new TransactionalProducer({
          ...producing,
          transactionalId: `${settings.applicationId}-${processId}-0`,
          transactionTimeoutMs: settings.transactionTimeoutMs,
        })
      : undefined,
    outputs: settings.guarantee === 'exactly-once' ? undefined : new IdempotentProducer(producing),
  }
}

/** What the group asks of its member. */
export interface MemberDuties {
  readonly subscription: () => Buffer
  readonly assign: GroupSessionOptions['assign']
  readonly onRebalance: () => void
  readonly onLost: (error: StreamsError) => void
}

export function createGroup(
  options: WorkerOptions,
  clients: Clients,
  duties: MemberDuties,
): GroupSession {
  const { settings, clock, logger } = options
  return new GroupSession({
    client: clients.client,
    clock,
    logger,
    groupId: settings.applicationId,
    instanceId: settings.instanceId,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
    ...duties,
  })
}

/** 16 bytes, new for each start: tells two starts of one process id apart. */
export function startIdOf(random: Random): Buffer {
  return Buffer.from(uuid(random).replaceAll('-', ''), 'hex')
}
