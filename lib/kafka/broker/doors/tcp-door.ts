/**
 * The embedded broker's TCP door: any Kafka client reaches a node through it, over TLS and with SASL
 * where asked for. Requests of a connection are answered one after the other, as Kafka does.
 */
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Random } from '../../../core/random.ts'
import { prepareCompression } from '../../protocol/compression.ts'
import type { NodeAddress } from '../../transport.ts'
import type { EmbeddedBroker } from '../embedded-broker.ts'
import { DoorConnection } from './door-connection.ts'
import type { SaslServerOptions } from './sasl-mechanisms.ts'

/** PEM texts; with `ca` clients must show a certificate that it signed. */
export interface TlsServerOptions {
  readonly key: string
  readonly cert: string
  readonly ca?: string
}

export interface TcpDoorOptions {
  readonly broker: EmbeddedBroker
  readonly random: Random
  /** 1. */
  readonly nodeId?: number
  /** Listened on, and told to clients. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly tls?: TlsServerOptions | undefined
  /** Anyone may connect unless said. */
  readonly sasl?: SaslServerOptions | undefined
}

export interface TcpDoor {
  readonly address: NodeAddress
  /** Closes the port and all connections; resolves when they are gone. */
  close(): Promise<void>
}

/** Resolves when clients can connect; rejects with what Node says of a port in use. */
export async function listen(options: TcpDoorOptions): Promise<TcpDoor> {
  await prepareCompression()
  const { broker, host, nodeId = 1 } = options
  const connections = new Set<DoorConnection>()
  const server = makeServer(options.tls, (socket) => {
    const connection = new DoorConnection({ ...options, nodeId, socket })
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  })
  const port = await bound(server, host, options.port)
  const address = { host, port }
  broker.setAddress(nodeId, address)
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const connection of connections) connection.close()
      }),
  }
}

function makeServer(
  tls: TlsServerOptions | undefined,
  connected: (socket: Socket) => void,
): Server {
  if (tls === undefined) return createServer({ noDelay: true }, connected)
  const asksForCertificate = tls.ca !== undefined
  const server = createTlsServer({
    ...tls,
    noDelay: true,
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  })
  server.on('secureConnection', connected)
  // A client that gives up in the handshake is its own affair.
  server.on('tlsClientError', () => undefined)
  return server
}

function bound(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
