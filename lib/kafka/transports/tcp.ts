/**
 * The default transport: `node:net` and `node:tls`, ApiVersions first, then SASL. It is the one
 * place that turns socket and certificate errors into ours.
 */
import type { Socket } from 'node:net'
import { connect as connectPlain, isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { connect as connectTls } from 'node:tls'
import type { StreamsError } from '../../core/errors.ts'
import { ConfigError, isStreamsError, messageOf, RetriableError } from '../../core/errors.ts'
import type { ClusterContext, SaslOptions } from '../cluster.ts'
import { saslAuthenticate, saslHandshake } from '../protocol/apis.ts'
import { prepareCompression } from '../protocol/compression.ts'
import type { NodeAddress, Transport } from '../transport.ts'
import { ask, askVersions } from './ask-versions.ts'
import { OpenConnections } from './open-connections.ts'
import { renewSession } from './renew-session.ts'
import { authenticate } from './sasl.ts'
import type { Send } from './socket-connection.ts'
import { SocketConnection } from './socket-connection.ts'
import { tlsTrouble } from './tls-trouble.ts'

export interface TcpTransportOptions extends ClusterContext {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean | TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  readonly connectionTimeoutMs: number
}

export function tcpTransport(options: TcpTransportOptions): Transport {
  const open = new OpenConnections()
  return {
    bootstrap: options.brokers.map(parseAddress),
    connect: async (address) => {
      await prepareCompression()
      return open.keep(await connectTo(address, options))
    },
    close: () => open.close(),
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
      ? connectTls({ ...serverName(address.host), ...(ssl === true ? {} : ssl), ...address })
      : connectPlain({ ...address })
    const done = (settle: () => void): void => {
      timer.cancel()
      socket.removeListener('error', fail)
      settle()
    }
    const fail = (cause: unknown): void =>
      done(() => {
        // What it still says is of no interest, but must not end the process.
        socket.on('error', () => undefined)
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

/** Server names are for hosts; certificates of addresses are checked without one. */
function serverName(host: string): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}

async function logIn(connection: SocketConnection, options: TcpTransportOptions): Promise<void> {
  const { sasl, random, connectionTimeoutMs: timeoutMs } = options
  if (sasl === undefined) return
  const max = connection.versions.apis.get(saslAuthenticate.key)?.max ?? 0
  const version = Math.min(max, saslAuthenticate.max)
  const once = (send: Send): Promise<number> =>
    authenticate(
      {
        handshake: (request) => ask({ send }, saslHandshake, 1, request, timeoutMs),
        authenticate: (request) => ask({ send }, saslAuthenticate, version, request, timeoutMs),
      },
      sasl,
      random,
    )
  const lifetimeMs = await once((frame) => connection.send(frame))
  renewSession(connection, lifetimeMs, { ...options, timeoutMs }, once)
}

/** Errors of sockets and certificates as ours. */
function translate(cause: unknown, name: string): StreamsError {
  const trouble = tlsTrouble(cause, name)
  if (trouble !== undefined) return trouble
  if (isStreamsError(cause) && cause.code !== 'BROKER_UNAVAILABLE') return cause
  return new RetriableError(
    'BROKER_UNAVAILABLE',
    `${name} cannot be reached (${messageOf(cause)}): is Kafka there, and are ssl and sasl what this port wants?`,
    { cause },
  )
}
