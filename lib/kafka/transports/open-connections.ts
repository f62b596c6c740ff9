/** The connections of one transport that live, so that closing it closes them. */
import { RetriableError } from '../../core/errors.ts'
import type { SocketConnection } from './socket-connection.ts'

export class OpenConnections {
  readonly #living = new Set<SocketConnection>()
  #closed = false

  /** Keeps it until it has died; one that was made while the transport closed is closed too. */
  async keep(connection: SocketConnection): Promise<SocketConnection> {
    if (this.#closed) {
      await connection.close()
      throw new RetriableError('BROKER_UNAVAILABLE', 'the transport was closed meanwhile')
    }
    this.#living.add(connection)
    void connection.closed.then(() => this.#living.delete(connection))
    return connection
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#living].map((connection) => connection.close()))
  }
}
