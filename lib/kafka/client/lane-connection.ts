/**
 * One connection of one lane to one node, from before it is open until it has died.
 *
 * 1. Requests are written in the order in which they were made, also those made while it is being
 *    opened: how long anybody's promises take does not matter.
 * 2. It is never opened again; its owner makes a new one.
 */
import { messageOf } from '../../core/errors.ts'
import type { Connection, NodeVersions, RequestFrame } from '../transport.ts'
import { unreachable } from './failures.ts'

/** Makes the request once it is known what the node speaks. May throw; then nothing is written. */
export type Compose<T> = (versions: NodeVersions) => {
  readonly frame: RequestFrame
  readonly decode: (answer: Buffer) => T
}

export class LaneConnection {
  readonly #waiting: ((connection: Connection | undefined, reason?: unknown) => void)[] = []
  readonly #stamp: () => number
  #connection: Connection | undefined
  #failed = false
  #closed = false
  /** The order of its opening among all that is stamped; 0: not open yet. */
  openedAt = 0

  constructor(connecting: Promise<Connection>, stamp: () => number) {
    this.#stamp = stamp
    connecting.then(
      (connection) => this.#opened(connection),
      (reason: unknown) => this.#settle(undefined, reason),
    )
  }

  /** Whether a request may still be answered here. */
  get usable(): boolean {
    return !this.#failed && (this.#connection?.open ?? true)
  }

  /** What the node speaks; undefined while it is not known. */
  get versions(): NodeVersions | undefined {
    return this.#connection?.versions
  }

  /** Once it is open, what the node speaks. */
  ready(): Promise<NodeVersions> {
    const connection = this.#connection
    if (connection !== undefined) return Promise.resolve(connection.versions)
    return new Promise((resolve, reject) => {
      this.#waiting.push((opened, reason) => {
        if (opened === undefined) reject(reason)
        else resolve(opened.versions)
      })
    })
  }

  request<T>(compose: Compose<T>): Promise<T> {
    const connection = this.#connection
    if (connection !== undefined) return write(connection, compose)
    return new Promise((resolve, reject) => {
      this.#waiting.push((opened, reason) => {
        if (opened === undefined) reject(reason)
        else write(opened, compose).then(resolve, reject)
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#failed = true
    await this.#connection?.close()
  }

  #opened(connection: Connection): void {
    this.#connection = connection
    this.openedAt = this.#stamp()
    if (this.#closed) void connection.close()
    this.#settle(connection)
  }

  #settle(connection: Connection | undefined, reason?: unknown): void {
    this.#failed ||= connection === undefined
    for (const go of this.#waiting.splice(0)) go(connection, reason)
  }
}

function write<T>(connection: Connection, compose: Compose<T>): Promise<T> {
  try {
    const { frame, decode } = compose(connection.versions)
    return connection.send(frame).then((answer) => read(connection, answer, decode))
  } catch (reason) {
    return Promise.reject(reason)
  }
}

/** An answer that makes no sense leaves nothing to be trusted on that connection. */
function read<T>(connection: Connection, answer: Buffer, decode: (answer: Buffer) => T): T {
  try {
    return decode(answer)
  } catch (cause) {
    void connection.close()
    throw unreachable(`the broker's answer could not be read: ${messageOf(cause)}`, cause)
  }
}
