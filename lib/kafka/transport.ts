/**
 * PORT: bytes to a node, bytes back.
 *
 * 1. One `Connection` is one socket life: when it dies, every pending request rejects with a
 *    RetriableError and the object is thrown away. Nobody reconnects inside it.
 * 2. Requests leave in call order, written synchronously inside `send`; answers come in that order.
 * 3. `body` is not copied and must not change until the answer is there.
 * 4. Authentication happens in `connect`, which rejects with a FatalError `AUTHENTICATION_FAILED`
 *    when credentials or certificates are refused: waiting does not help.
 */

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** What the node at the other end speaks, from ApiVersions. */
export interface NodeVersions {
  /** By api key. */
  readonly apis: ReadonlyMap<number, VersionRange>
  /** Finalized feature levels by name, such as `transaction.version`; empty when not told. */
  readonly features: ReadonlyMap<string, number>
}

export interface RequestFrame {
  readonly apiKey: number
  readonly apiVersion: number
  /** Header v2 (with a tag section) instead of v1. */
  readonly flexible: boolean
  /** The request behind its header, in one or several pieces. */
  readonly body: readonly Uint8Array[]
  /** Rejects with `REQUEST_TIMEOUT` and closes the connection when it passes. */
  readonly timeoutMs: number
  /** Produce with acks 0 has no answer. False. */
  readonly oneWay?: boolean
}

export interface Connection {
  readonly versions: NodeVersions
  readonly open: boolean
  /** Resolves with what follows the correlation id (and the tag section of a flexible header is still there). */
  send(frame: RequestFrame): Promise<Buffer>
  /** Rejects what is pending; resolves when the socket is gone. */
  close(): Promise<void>
}

export interface Transport {
  /** A new connection each time; lanes are the caller's affair. */
  connect(address: NodeAddress): Promise<Connection>
  /** Where to begin: the bootstrap addresses. */
  readonly bootstrap: readonly NodeAddress[]
  /** Closes what it still has open, such as an embedded broker that lives with it. */
  close(): Promise<void>
}
