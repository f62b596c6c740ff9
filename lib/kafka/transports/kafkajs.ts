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
import { OpenConnections } from './open-connections.ts'
import { renewSession } from './renew-session.ts'
import { SocketConnection } from './socket-connection.ts'
import { tlsTrouble } from './tls-trouble.ts'

/** Stands for "one of the addresses that the client knows": they are not told. */
const SEED: NodeAddress = { host: '', port: 0 }
const RENEWAL_TIMEOUT_MS = 30_000
const LISTENED = ['data', 'end', 'error', 'timeout', 'close'] as const

/** What is used of a kafkajs Connection. */
interface BorrowedConnection {
  /** There once it has tried to connect. */
  readonly socket?: Socket
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly connectionTimeout: number
  readonly sessionLifetime: { toNumber(): number }
  readonly requestQueue: { destroy(): void }
  /** When it was authenticated; null: it is not, and does it when asked. */
  authenticatedAt: unknown
  authenticate(): Promise<void>
  processData(chunk: Buffer): void
}

interface BorrowedPool {
  readonly pool: readonly BorrowedConnection[]
}

interface BorrowedCluster {
  readonly rootLogger: unknown
  readonly connectionPoolBuilder: {
    build(address?: NodeAddress): Promise<BorrowedPool>
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
  const open = new OpenConnections()
  return {
    bootstrap: [SEED],
    connect: async (address) => {
      await prepareCompression()
      return open.keep(await borrow(cluster, address, context))
    },
    close: () => open.close(),
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
  context: ClusterContext,
): Promise<SocketConnection> {
  const connectionPool = await seated(cluster, address)
  const [lender] = connectionPool.pool
  const name = `${lender?.host}:${lender?.port}`
  try {
    await cluster.brokerPool.createBroker({ connectionPool, logger: cluster.rootLogger }).connect()
    if (lender?.socket === undefined) throw new TypeError('its pool has no socket')
    return await takeOver(lender, lender.socket, name, context)
  } catch (cause) {
    lender?.requestQueue.destroy()
    lender?.socket?.destroy()
    throw translate(cause, name)
  }
}

async function seated(cluster: BorrowedCluster, address: NodeAddress): Promise<BorrowedPool> {
  try {
    return await cluster.connectionPoolBuilder.build(
      address.host === SEED.host ? undefined : address,
    )
  } catch (cause) {
    throw translate(cause, 'the brokers of its client')
  }
}

async function takeOver(
  lender: BorrowedConnection,
  socket: Socket,
  address: string,
  context: ClusterContext,
): Promise<SocketConnection> {
  lender.requestQueue.destroy()
  for (const event of LISTENED) socket.removeAllListeners(event)
  socket.setTimeout(0)
  const { clock } = context
  const connection = new SocketConnection({
    socket,
    address,
    clientId: lender.clientId ?? '',
    clock,
  })
  const timeoutMs = lender.connectionTimeout
  connection.versions = await askVersions(connection, timeoutMs)
  renewSession(
    connection,
    lender.sessionLifetime.toNumber(),
    { ...context, timeoutMs: RENEWAL_TIMEOUT_MS },
    () => authenticateAgain(lender, socket),
  )
  return connection
}

/** The socket is kafkajs' again for as long as its authenticator, perhaps a user's, needs it. */
async function authenticateAgain(lender: BorrowedConnection, socket: Socket): Promise<number> {
  const ours = socket.listeners('data') as ((chunk: Buffer) => void)[]
  const theirs = (chunk: Buffer): void => lender.processData(chunk)
  socket.removeAllListeners('data')
  socket.on('data', theirs)
  try {
    lender.authenticatedAt = null
    await lender.authenticate()
  } finally {
    lender.requestQueue.destroy()
    socket.removeListener('data', theirs)
    for (const listener of ours) socket.on('data', listener)
  }
  return lender.sessionLifetime.toNumber()
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
  const trouble = tlsTrouble(cause, where)
  if (trouble !== undefined) return trouble
  return new RetriableError(
    'BROKER_UNAVAILABLE',
    `kafkajs could not connect to ${where}: ${messageOf(cause)}`,
    { cause },
  )
}
