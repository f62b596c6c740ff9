/**
 * The default transport: `node:net` and `node:tls`, ApiVersions first, then SASL. It is the one
 * place that turns socket and certificate errors into ours.
 */
import type { Socket } from 'node:net'
import { connect as connectPlain } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { connect as connectTls } from 'node:tls'
import type { StreamsError } from '../../core/errors.ts'
import {
  ConfigError,
  FatalError,
  isStreamsError,
  messageOf,
  RetriableError,
} from '../../core/errors.ts'
import type { ClusterContext, SaslOptions } from '../cluster.ts'
import { saslAuthenticate, saslHandshake } from '../protocol/apis.ts'
import { prepareCompression } from '../protocol/compression.ts'
import type { NodeAddress, Transport } from '../transport.ts'
import { ask, askVersions } from './ask-versions.ts'
import { authenticate } from './sasl.ts'
import { SocketConnection } from './socket-connection.ts'

export interface TcpTransportOptions extends ClusterContext {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean | TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  readonly connectionTimeoutMs: number
}

/** Authenticated anew when this share of a session's lifetime is over. */
const RETIRE_AT = 0.85

export function tcpTransport(options: TcpTransportOptions): Transport {
  const open = new Set<SocketConnection>()
  return {
    bootstrap: options.brokers.map(parseAddress),
    connect: async (address) => {
      await prepareCompression()
      const connection = await connectTo(address, options)
      open.add(connection)
      return connection
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()))
    },
  }
}

/** `host:port`, with an IPv6 host in brackets. */
export function parseAddress(text: string): NodeAddress {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(text)
  const host = match?.groups?.v6 ?? match?.groups?.host
  const port = Number(match?.groups?.port)
  if (host === undefined || !(port > 0 && port < 65_536))
    throw new ConfigError('INVALID_OPTION', `brokers: '${text}' is not HOST:PORT`)
  return { host, port }
}

async function connectTo(
  address: NodeAddress,
  options: TcpTransportOptions,
): Promise<SocketConnection> {
  const name = `${address.host}:${address.port}`
  const socket = await openSocket(address, options)
  const { clientId, clock } = options
  const connection = new SocketConnection({ socket, address: name, clientId, clock })
  try {
    connection.versions = await askVersions(connection, options.connectionTimeoutMs)
    await logIn(connection, options)
    return connection
  } catch (cause) {
    await connection.close()
    throw translate(cause, name)
  }
}

function openSocket(address: NodeAddress, options: TcpTransportOptions): Promise<Socket> {
  const { ssl, clock, connectionTimeoutMs } = options
  const name = `${address.host}:${address.port}`
  return new Promise((resolve, reject) => {
    const secure = ssl !== undefined && ssl !== false
    const socket = secure
      ? connectTls({ servername: address.host, ...(ssl === true ? {} : ssl), ...address })
      : connectPlain({ ...address })
    const done = (settle: () => void): void => {
      timer.cancel()
      socket.removeListener('error', fail)
      settle()
    }
    const fail = (cause: unknown): void =>
      done(() => {
        socket.destroy()
        reject(translate(cause, name))
      })
    const timer = clock.timer(connectionTimeoutMs, () =>
      fail(new RetriableError('BROKER_UNAVAILABLE', `${name} did not take the connection in time`)),
    )
    socket.once('error', fail)
    socket.once(secure ? 'secureConnect' : 'connect', () => done(() => resolve(socket)))
  })
}

async function logIn(connection: SocketConnection, options: TcpTransportOptions): Promise<void> {
  const { sasl, random, connectionTimeoutMs } = options
  if (sasl === undefined) return
  const max = connection.versions.apis.get(saslAuthenticate.key)?.max ?? 0
  const version = Math.min(max, saslAuthenticate.max)
  const lifetimeMs = await authenticate(
    {
      handshake: (request) => ask(connection, saslHandshake, 1, request, connectionTimeoutMs),
      authenticate: (request) =>
        ask(connection, saslAuthenticate, version, request, connectionTimeoutMs),
    },
    sasl,
    random,
  )
  if (lifetimeMs > 0) connection.retireIn(lifetimeMs * RETIRE_AT)
}

const CERTIFICATE_CODES =
  /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_OSSL|HOSTNAME_MISMATCH|EPROTO)/

/** Errors of sockets and certificates as ours. */
function translate(cause: unknown, name: string): StreamsError {
  const code = codeOf(cause) ?? codeOf(causeOf(cause))
  if (code !== undefined && CERTIFICATE_CODES.test(code))
    return new FatalError(
      'AUTHENTICATION_FAILED',
      `TLS with ${name} failed (${code}): check ssl.ca, ssl.cert and ssl.key, the host name, and that the port speaks TLS`,
      { cause },
    )
  if (isStreamsError(cause)) return cause
  return new RetriableError(
    'BROKER_UNAVAILABLE',
    `${name} cannot be reached (${code ?? messageOf(cause)}): is Kafka there?`,
    { cause },
  )
}

function codeOf(error: unknown): string | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined
}
