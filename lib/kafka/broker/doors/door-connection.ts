/** One socket of a client: requests in, answers out, in order; closed at the first thing amiss. */
import type { Socket } from 'node:net'
import type { Random } from '../../../core/random.ts'
import type { ConnectionContext } from '../connection-context.ts'
import type { EmbeddedBroker } from '../embedded-broker.ts'
import type { SocketRequest } from './request-frames.ts'
import { RequestFrames } from './request-frames.ts'
import type { SaslServerOptions } from './sasl-mechanisms.ts'
import { SaslSession } from './sasl-session.ts'

/** Requests that may wait for their turn before the socket is paused. */
const MAX_QUEUED = 32

export class DoorConnection {
  readonly #broker: EmbeddedBroker
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #sasl: SaslSession | undefined
  readonly #frames = new RequestFrames()
  readonly #queue: SocketRequest[] = []
  #working = false

  constructor(o: {
    readonly broker: EmbeddedBroker
    readonly random: Random
    readonly nodeId: number
    readonly socket: Socket
    readonly sasl?: SaslServerOptions | undefined
  }) {
    this.#broker = o.broker
    this.#socket = o.socket
    this.#context = {
      nodeId: o.nodeId,
      clientId: '',
      clientHost: `/${o.socket.remoteAddress ?? ''}`,
    }
    this.#sasl = o.sasl && new SaslSession(o.sasl, o.broker.clock, o.random)
    const release = o.broker.onDisconnect(o.nodeId, () => this.close())
    o.socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    o.socket.on('error', () => o.socket.destroy())
    o.socket.once('close', release)
    if (!o.broker.isUp(o.nodeId)) this.close()
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    try {
      this.#queue.push(...this.#frames.push(chunk))
    } catch {
      this.close()
      return
    }
    if (this.#queue.length > MAX_QUEUED) this.#socket.pause()
    if (!this.#working) void this.#work()
  }

  async #work(): Promise<void> {
    this.#working = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#answer(next)
        if (this.#queue.length <= MAX_QUEUED / 2) this.#socket.resume()
      }
    } catch {
      // An API or version that nobody knows, bytes that are no message, no authentication.
      this.close()
    } finally {
      this.#working = false
    }
  }

  async #answer(request: SocketRequest): Promise<void> {
    const refusal = await this.#sasl?.intercept(request)
    if (refusal !== undefined) {
      this.#write(request.correlationId, refusal.pieces)
      if (refusal.refused) this.#socket.end()
      return
    }
    this.#context.clientId = request.clientId
    const pieces = await this.#broker.handle(this.#context, request)
    if (pieces !== undefined) this.#write(request.correlationId, pieces)
  }

  #write(correlationId: number, pieces: readonly Buffer[]): void {
    if (this.#socket.destroyed) return
    const head = Buffer.allocUnsafe(8)
    head.writeInt32BE(4 + pieces.reduce((sum, piece) => sum + piece.length, 0), 0)
    head.writeInt32BE(correlationId, 4)
    this.#socket.cork()
    this.#socket.write(head)
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
