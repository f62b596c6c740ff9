/**
 * The embedded broker without sockets. A request travels for one macrotask of the clock, answers of
 * a connection keep its order, and a long poll blocks what is behind it, as on a socket.
 */
import type { Timer } from '../../core/clock.ts'
import { RetriableError } from '../../core/errors.ts'
import type { ConnectionContext } from '../broker/connection-context.ts'
import type { EmbeddedBroker } from '../broker/embedded-broker.ts'
import { apiVersions } from '../protocol/apis.ts'
import { decodeResponse, encodeRequest } from '../protocol/codec.ts'
import type {
  Connection,
  NodeAddress,
  NodeVersions,
  RequestFrame,
  Transport,
} from '../transport.ts'

const CLIENT_ID = 'millrace'
const API_VERSIONS_VERSION = 3

/** A door into the broker; closing the transport cuts its connections and leaves the broker alone. */
export function inProcessTransport(
  broker: EmbeddedBroker,
  clientId: string = CLIENT_ID,
): Transport {
  const open = new Set<InProcessConnection>()
  return {
    bootstrap: broker.nodeIds.map((nodeId) => broker.addressOf(nodeId)),
    connect: async (address) => {
      const nodeId = nodeAt(broker, address)
      if (nodeId === undefined || !broker.isUp(nodeId))
        throw new RetriableError(
          'BROKER_UNAVAILABLE',
          `no broker answers at ${address.host}:${address.port}: start it, or check the address`,
        )
      const context = { nodeId, clientId, clientHost: '/127.0.0.1' }
      const versions = await versionsOf(broker, context)
      const connection = new InProcessConnection(broker, context, versions, () =>
        open.delete(connection),
      )
      open.add(connection)
      return connection
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()))
    },
  }
}

function nodeAt(broker: EmbeddedBroker, { host, port }: NodeAddress): number | undefined {
  return broker.nodeIds.find((nodeId) => {
    const address = broker.addressOf(nodeId)
    return address.host === host && address.port === port
  })
}

async function versionsOf(
  broker: EmbeddedBroker,
  context: ConnectionContext,
): Promise<NodeVersions> {
  const body = Buffer.concat(encodeRequest(apiVersions, API_VERSIONS_VERSION, {}))
  const pieces = await broker.handle(context, {
    apiKey: apiVersions.key,
    apiVersion: API_VERSIONS_VERSION,
    body,
  })
  const answer = decodeResponse(apiVersions, API_VERSIONS_VERSION, Buffer.concat(pieces ?? []))
  return {
    apis: new Map(
      answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
        apiKey,
        { min: minVersion, max: maxVersion },
      ]),
    ),
    features: new Map(
      answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
    ),
  }
}

interface Pending {
  readonly resolve: (answer: Buffer) => void
  readonly reject: (error: RetriableError) => void
  readonly timer: Timer
}

class InProcessConnection implements Connection {
  readonly versions: NodeVersions
  readonly #broker: EmbeddedBroker
  readonly #context: ConnectionContext
  readonly #closed: () => void
  readonly #release: () => void
  readonly #pending = new Set<Pending>()
  #open = true
  /** Ends when all requests so far have been answered. */
  #tail: Promise<void> = Promise.resolve()

  constructor(
    broker: EmbeddedBroker,
    context: ConnectionContext,
    versions: NodeVersions,
    closed: () => void,
  ) {
    this.#broker = broker
    this.#context = context
    this.versions = versions
    this.#closed = closed
    this.#release = broker.onDisconnect(context.nodeId, () =>
      this.#end('BROKER_UNAVAILABLE', `broker ${context.nodeId} closed the connection`),
    )
  }

  get open(): boolean {
    return this.#open
  }

  send(frame: RequestFrame): Promise<Buffer> {
    // Copied, for the broker keeps the records of what it is given.
    const body = Buffer.concat(frame.body)
    return new Promise((resolve, reject) => {
      if (!this.#open)
        return reject(
          new RetriableError('BROKER_UNAVAILABLE', 'the connection was closed: open another'),
        )
      const timer = this.#broker.clock.timer(frame.timeoutMs, () =>
        this.#end(
          'REQUEST_TIMEOUT',
          `broker ${this.#context.nodeId} did not answer within ${frame.timeoutMs} ms`,
        ),
      )
      const pending = { resolve, reject, timer }
      this.#pending.add(pending)
      this.#tail = this.#tail.then(() => this.#answer(frame, body, pending))
    })
  }

  close(): Promise<void> {
    this.#end('BROKER_UNAVAILABLE', 'the connection was closed before the answer')
    return Promise.resolve()
  }

  async #answer(frame: RequestFrame, body: Buffer, pending: Pending): Promise<void> {
    const { apiKey, apiVersion, oneWay = false } = frame
    await this.#broker.clock.yield()
    if (!this.#open) return
    try {
      const pieces = await this.#broker.handle(this.#context, { apiKey, apiVersion, body })
      if (pieces === undefined && !oneWay) return
      this.#pending.delete(pending)
      pending.timer.cancel()
      pending.resolve(Buffer.concat(pieces ?? []))
    } catch (cause) {
      this.#end('BROKER_UNAVAILABLE', `broker ${this.#context.nodeId} refused the request`, cause)
    }
  }

  #end(code: 'BROKER_UNAVAILABLE' | 'REQUEST_TIMEOUT', message: string, cause?: unknown): void {
    if (!this.#open) return
    this.#open = false
    this.#release()
    this.#closed()
    const error = new RetriableError(code, message, cause === undefined ? undefined : { cause })
    for (const { reject, timer } of this.#pending) {
      timer.cancel()
      reject(error)
    }
    this.#pending.clear()
  }
}
