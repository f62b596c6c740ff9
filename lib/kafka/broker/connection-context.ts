/** Who is at the other end of a connection, and which node it reached. */

export interface ConnectionContext {
  readonly nodeId: number
  /** Of the last request header. */
  clientId: string
  readonly clientHost: string
}
