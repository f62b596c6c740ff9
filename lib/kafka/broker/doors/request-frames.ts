/** Cuts what a socket brings into requests: four bytes of length, a header, the body. */
import { apis } from '../../protocol/apis.ts'
import { MessageReader } from '../../protocol/message-reader.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'

/** Kafka's own limit on requests. */
const MAX_REQUEST_BYTES = 104_857_600

const FLEXIBLE_FROM: ReadonlyMap<number, number> = new Map(
  apis.map(({ key, flexible }) => [key, flexible]),
)

export interface SocketRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
  readonly body: Buffer
}

export class RequestFrames {
  #chunks: Buffer[] = []
  #bytes = 0
  #needed = 4

  /** The requests that are whole now. Throws a {@link ProtocolError} on what no client sends. */
  push(chunk: Buffer): SocketRequest[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const requests: SocketRequest[] = []
    while (this.#bytes >= this.#needed) {
      const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
      this.#keep(all)
      const length = all.readInt32BE(0)
      if (length < 8 || length > MAX_REQUEST_BYTES)
        throw new ProtocolError(`a request of ${length} bytes: is the client speaking Kafka?`)
      this.#needed = 4 + length
      if (all.length < this.#needed) break
      requests.push(readRequest(all.subarray(4, this.#needed)))
      chunk = all.subarray(this.#needed)
      this.#keep(chunk)
      this.#needed = 4
    }
    return requests
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest]
    this.#bytes = rest.length
  }
}

function readRequest(frame: Buffer): SocketRequest {
  const apiKey = frame.readInt16BE(0)
  const apiVersion = frame.readInt16BE(2)
  const correlationId = frame.readInt32BE(4)
  const clientBytes = frame.length < 10 ? -1 : frame.readInt16BE(8)
  const clientEnd = 10 + Math.max(clientBytes, 0)
  if (clientEnd > frame.length) throw new ProtocolError('a request header is cut')
  const reader = new MessageReader(frame, clientEnd)
  if (apiVersion >= (FLEXIBLE_FROM.get(apiKey) ?? Number.POSITIVE_INFINITY)) reader.skipTags()
  return {
    apiKey,
    apiVersion,
    correlationId,
    clientId: frame.toString('utf8', 10, clientEnd),
    body: frame.subarray(reader.position),
  }
}
