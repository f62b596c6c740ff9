/**
 * Cuts a stream of bytes into frames, each four bytes of length and as many of content. A frame that
 * came in one piece is a view of it; nothing is copied twice.
 */
import { ProtocolError } from '../protocol/protocol-error.ts'

/** Above any answer that was asked for: a length beyond it means that the stream is not Kafka's. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024

export class FrameReader {
  #chunks: Buffer[] = []
  #bytes = 0
  #needed = 4

  /** Takes what came; gives the frames that are now whole. Throws a {@link ProtocolError}. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    while (this.#bytes >= this.#needed) {
      const all =
        this.#chunks.length === 1 ? (this.#chunks[0] ?? chunk) : Buffer.concat(this.#chunks)
      const length = all.readInt32BE(0)
      if (length < 4 || length > MAX_FRAME_BYTES)
        throw new ProtocolError(
          `a frame of ${length} bytes: is this a Kafka port, and TLS set right?`,
        )
      this.#needed = 4 + length
      if (all.length < this.#needed) {
        this.#keep(all)
        break
      }
      frames.push(all.subarray(4, this.#needed))
      this.#keep(all.subarray(this.#needed))
      this.#needed = 4
    }
    return frames
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#bytes = rest.length
  }
}

/** The header of a request, with the frame's length before it. */
export function requestHeader(options: {
  readonly apiKey: number
  readonly apiVersion: number
  readonly flexible: boolean
  readonly correlationId: number
  readonly clientId: string
  readonly bodyBytes: number
}): Buffer {
  const client = Buffer.from(options.clientId)
  const header = Buffer.alloc(14 + client.length + (options.flexible ? 1 : 0))
  header.writeInt32BE(header.length - 4 + options.bodyBytes, 0)
  header.writeInt16BE(options.apiKey, 4)
  header.writeInt16BE(options.apiVersion, 6)
  header.writeInt32BE(options.correlationId, 8)
  header.writeInt16BE(client.length, 12)
  client.copy(header, 14)
  return header
}
