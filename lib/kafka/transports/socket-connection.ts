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

/** Writes one request and gives its answer. */
export type Send = (frame: RequestFrame) => Promise<Buffer>

interface Pending {
  readonly correlationId: number
  readonly timer: Timer
  readonly resolve: (answer: Buffer) => void
  readonly reject: (reason: StreamsError) => void
}

interface Held {
  readonly frame: RequestFrame
  readonly resolve: (answer: Promise<Buffer>) => void
  readonly reject: (reason: StreamsError) => void
}

export interface SocketConnectionOptions {
  readonly socket: Socket
  readonly address: string
  readonly clientId: string
  readonly clock: Clock
}

/** Correlation ids are int32. */
const MAX_ID = 0x7fffffff
/** A longer delay would fire at once. */
const MAX_DELAY_MS = 0x7fffffff
const NO_VERSIONS: NodeVersions = { apis: new Map(), features: new Map() }

export class SocketConnection implements Connection {
  versions: NodeVersions = NO_VERSIONS
  readonly #options: SocketConnectionOptions
  readonly #frames = new FrameReader()
  readonly #pending: Pending[] = []
  readonly #closed: Promise<void>
  #nextId = 0
  #open = true
  #held: Held[] | undefined
  #idle: (() => void) | undefined
  #appointment: Timer | undefined

  constructor(options: SocketConnectionOptions) {
    this.#options = options
    const { socket } = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (cause) => this.#die(this.#gone('broke', cause)))
    socket.on('end', () => this.#die(this.#gone('was closed by the broker')))
    this.#closed = new Promise((resolve) => {
      const closed = (): void => {
        this.#die(this.#gone('was closed'))
        resolve()
      }
      // A borrowed one may be gone already; then nothing tells.
      if (socket.closed) closed()
      else socket.once('close', closed)
    })
  }

  get open(): boolean {
    return this.#open
  }

  send(frame: RequestFrame): Promise<Buffer> {
    if (!this.#open) return Promise.reject(this.#gone('is closed'))
    const held = this.#held
    if (held === undefined) return this.#request(frame)
    return new Promise((resolve, reject) => held.push({ frame, resolve, reject }))
  }

  /** Resolves when the socket is gone, whoever closed it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  /** Does something later, unless the connection has died by then. One thing at a time. */
  schedule(delayMs: number, fire: () => void): void {
    this.#appointment = this.#options.clock.timer(Math.min(delayMs, MAX_DELAY_MS), fire)
  }

  /**
   * Waits for what is out, does the work with the socket to itself, then writes what was asked
   * meanwhile, in order. Never rejects: work that fails or takes too long ends the connection.
   */
  async alone(work: (send: Send) => Promise<void>, timeoutMs: number): Promise<void> {
    const held: Held[] = []
    this.#held = held
    if (this.#pending.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    const timer = this.#options.clock.timer(timeoutMs, () =>
      this.#die(this.#gone(`was not free again within ${timeoutMs} ms`)),
    )
    const died = this.#closed.then(() => {
      throw this.#gone('was closed')
    })
    try {
      await Promise.race([work((frame) => this.#request(frame)), died])
    } catch (cause) {
      this.#die(this.#gone('could not be renewed', cause))
    }
    timer.cancel()
    this.#held = undefined
    for (const { frame, resolve } of held.splice(0)) resolve(this.send(frame))
  }

  async close(): Promise<void> {
    this.#die(this.#gone('was closed by us'))
    await this.#closed
  }

  #request(frame: RequestFrame): Promise<Buffer> {
    if (!this.#open) return Promise.reject(this.#gone('is closed'))
    const correlationId = this.#nextId
    this.#nextId = correlationId === MAX_ID ? 0 : correlationId + 1
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
    if (this.#pending.length === 0) this.#idle?.()
  }

  #die(reason: StreamsError): void {
    if (!this.#open) return
    this.#open = false
    this.#appointment?.cancel()
    this.#options.socket.destroy()
    for (const { timer, reject } of this.#pending.splice(0)) {
      timer.cancel()
      reject(reason)
    }
    for (const { reject } of this.#held?.splice(0) ?? []) reject(reason)
    this.#idle?.()
  }

  #gone(how: string, cause?: unknown): RetriableError {
    return new RetriableError(
      'BROKER_UNAVAILABLE',
      `the connection to ${this.#options.address} ${how}`,
      cause === undefined ? undefined : { cause },
    )
  }
}
