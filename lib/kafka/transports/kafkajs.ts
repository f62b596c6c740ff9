/**
 * Lends the connections of a kafkajs client that the user has configured: its socket factory, TLS
 * and authenticators (AWS IAM among them). kafkajs connects and authenticates; then its listeners
 * are taken off the socket and it is an ordinary connection of ours.
 *
 * So none of its queue, pool or timers is used, which keep bytes of a dead socket, open a socket per
 * concurrent sender and hang after a local close (2.2.4). The private entry is looked for at start.
 */
import type { Socket } from 'node:net'
import type { StreamsError } from '../../core/errors.ts'
import { ConfigError, FatalError, messageOf, RetriableError } from '../../core/errors.ts'
import type { ClusterContext } from '../cluster.ts'
import { prepareCompression } from '../protocol/compression.ts'
import type { NodeAddress, Transport } from '../transport.ts'
import { askVersions } from './ask-versions.ts'
import { SocketConnection } from './socket-connection.ts'

/** Stands for "one of the addresses that the client knows": they are not told. */
const SEED: NodeAddress = { host: '', port: 0 }
const RETIRE_AT = 0.85
const LISTENED = ['data', 'end', 'error', 'timeout', 'close'] as const

/** What is used of a kafkajs Connection. */
interface BorrowedConnection {
  readonly socket: Socket
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly connectionTimeout: number
  readonly sessionLifetime: { toNumber(): number }
  readonly requestQueue: { destroy(): void }
}

interface BorrowedCluster {
  readonly rootLogger: unknown
  readonly connectionPoolBuilder: {
    build(address?: NodeAddress): Promise<{ readonly pool: readonly BorrowedConnection[] }>
  }
  readonly brokerPool: {
    createBroker(options: { readonly connectionPool: unknown; readonly logger: unknown }): {
      connect(): Promise<void>
    }
  }
}

type CreateCluster = (options: { readonly metadataMaxAge: number }) => BorrowedCluster

export function kafkajsTransport(client: object, context: ClusterContext): Transport {
  const cluster = clusterOf(client)
  const open = new Set<SocketConnection>()
  return {
    bootstrap: [SEED],
    connect: async (address) => {
      await prepareCompression()
      const connection = await borrow(cluster, address, context)
      open.add(connection)
      return connection
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()))
    },
  }
}

/** Throws a {@link ConfigError} when the client is not the kafkajs that we know. */
export function clusterOf(client: object): BorrowedCluster {
  const entry = Object.getOwnPropertySymbols(client).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  const create: unknown = entry === undefined ? undefined : Reflect.get(client, entry)
  const cluster =
    typeof create === 'function'
      ? (create as CreateCluster).call(client, { metadataMaxAge: 300_000 })
      : undefined
  if (cluster?.connectionPoolBuilder === undefined || cluster.brokerPool === undefined)
    throw new ConfigError(
      'INVALID_OPTION',
      'kafkajs(client) needs a client of kafkajs 2.2.4: pass new Kafka({ … }) of that version, or use brokers and tcp',
    )
  return cluster
}

async function borrow(
  cluster: BorrowedCluster,
  address: NodeAddress,
  { clock }: ClusterContext,
): Promise<SocketConnection> {
  const name = address === SEED ? 'a seed broker' : `${address.host}:${address.port}`
  try {
    const connectionPool = await cluster.connectionPoolBuilder.build(
      address.host === SEED.host ? undefined : address,
    )
    await cluster.brokerPool.createBroker({ connectionPool, logger: cluster.rootLogger }).connect()
    const [borrowed] = connectionPool.pool
    if (borrowed === undefined) throw new TypeError('the pool is empty')
    const { socket, clientId, requestQueue } = borrowed
    requestQueue.destroy()
    for (const event of LISTENED) socket.removeAllListeners(event)
    socket.setTimeout(0)
    const connection = new SocketConnection({
      socket,
      address: `${borrowed.host}:${borrowed.port}`,
      clientId: clientId ?? '',
      clock,
    })
    connection.versions = await askVersions(connection, borrowed.connectionTimeout)
    const lifetimeMs = borrowed.sessionLifetime.toNumber()
    if (lifetimeMs > 0) connection.retireIn(lifetimeMs * RETIRE_AT)
    return connection
  } catch (cause) {
    throw translate(cause, name)
  }
}

/** kafkajs' errors, by name, as ours. */
function translate(cause: unknown, where: string): StreamsError {
  const name = typeof cause === 'object' && cause !== null && 'name' in cause ? cause.name : ''
  if (name === 'KafkaJSSASLAuthenticationError')
    return new FatalError(
      'AUTHENTICATION_FAILED',
      `kafkajs was refused by ${where}: check the sasl options of its client`,
      { cause },
    )
  return new RetriableError(
    'BROKER_UNAVAILABLE',
    `kafkajs could not connect to ${where}: ${messageOf(cause)}`,
    { cause },
  )
}
