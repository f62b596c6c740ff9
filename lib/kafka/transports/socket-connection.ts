/**
 * One socket life: frames go out in call order, answers come back in that order. When the socket
 * dies, a request times out or an answer has another number, everything that waits is rejected and
 * the object is done for.
 */
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../core/clock.ts'
import type { StreamsError } from '../../core/errors.ts'
import { RetriableError } from '../../core/errors.ts'
import type { Connection, NodeVersions, RequestFrame } from '../transport.ts'
import { FrameReader, requestHeader } from './frames.ts'

interface Pending {
  readonly correlationId: number
  readonly timer: Timer
  readonly resolve: (answer: Buffer) => void
  readonly reject: (reason: StreamsError) => void
}

export interface SocketConnectionOptions {
  readonly socket: Socket
  readonly address: string
  readonly clientId: string
  readonly clock: Clock
}

const NO_VERSIONS: NodeVersions = { apis: new Map(), features: new Map() }

export class SocketConnection implements Connection {
  versions: NodeVersions = NO_VERSIONS
  readonly #options: SocketConnectionOptions
  readonly #frames = new FrameReader()
  readonly #pending: Pending[] = []
  readonly #closed: Promise<void>
  #nextId = 0
  #open = true
  #retired = false
  #retirement: Timer | undefined

  constructor(options: SocketConnectionOptions) {
    this.#options = options
    const { socket } = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (cause) => this.#die(this.#gone('broke', cause)))
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#die(this.#gone('was closed'))
        resolve()
      })
    })
  }

  get open(): boolean {
    return this.#open && !this.#retired
  }

  send(frame: RequestFrame): Promise<Buffer> {
    if (!this.open) return Promise.reject(this.#gone('is closed'))
    const correlationId = this.#nextId++
    this.#write(frame, correlationId)
    if (frame.oneWay === true) return Promise.resolve(Buffer.alloc(0))
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.timer(frame.timeoutMs, () =>
        this.#die(
          new RetriableError(
            'REQUEST_TIMEOUT',
            `${this.#options.address} did not answer within ${frame.timeoutMs} ms: the connection is given up`,
          ),
        ),
      )
      this.#pending.push({ correlationId, timer, resolve, reject })
    })
  }

  /** Takes no more after that time, so that its owner connects (and authenticates) anew. */
  retireIn(delayMs: number): void {
    this.#retirement = this.#options.clock.timer(delayMs, () => {
      this.#retired = true
      if (this.#pending.length === 0) this.#options.socket.destroy()
    })
  }

  async close(): Promise<void> {
    this.#die(this.#gone('was closed by us'))
    await this.#closed
  }

  #write(frame: RequestFrame, correlationId: number): void {
    const { socket, clientId } = this.#options
    const { apiKey, apiVersion, flexible, body } = frame
    const bodyBytes = body.reduce((sum, piece) => sum + piece.length, 0)
    socket.cork()
    socket.write(
      requestHeader({ apiKey, apiVersion, flexible, correlationId, clientId, bodyBytes }),
    )
    for (const piece of body) socket.write(piece)
    socket.uncork()
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#answer(frame)
    } catch (cause) {
      this.#die(this.#gone('sent what is not Kafka’s protocol', cause))
    }
  }

  #answer(frame: Buffer): void {
    const pending = this.#pending.shift()
    if (pending === undefined || pending.correlationId !== frame.readInt32BE(0)) {
      if (pending !== undefined) this.#pending.unshift(pending)
      this.#die(this.#gone('answered what was not asked'))
      return
    }
    pending.timer.cancel()
    pending.resolve(frame.subarray(4))
    if (this.#retired && this.#pending.length === 0) this.#options.socket.destroy()
  }

  #die(reason: StreamsError): void {
    if (!this.#open) return
    this.#open = false
    this.#retirement?.cancel()
    this.#options.socket.destroy()
    for (const { timer, reject } of this.#pending.splice(0)) {
      timer.cancel()
      reject(reason)
    }
  }

  #gone(how: string, cause?: unknown): RetriableError {
    return new RetriableError(
      'BROKER_UNAVAILABLE',
      `the connection to ${this.#options.address} ${how}`,
      cause === undefined ? undefined : { cause },
    )
  }
}
