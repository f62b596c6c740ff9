/**
 * Authenticates a connection again before its SASL session ends (KIP-368), at a time that is spread
 * so that not all connections do it at once. Requests made meanwhile wait and keep their order: on a
 * second socket they could overtake those of the first.
 */
import type { ClusterContext } from '../cluster.ts'
import type { Send, SocketConnection } from './socket-connection.ts'

/** Share of the lifetime after which it is time; Java's clients have the same. */
const EARLIEST = 0.85
const SPREAD = 0.1

/** `renew` resolves with the lifetime of the new session; 0: it never ends. */
export function renewSession(
  connection: SocketConnection,
  lifetimeMs: number,
  options: Pick<ClusterContext, 'random' | 'logger'> & { readonly timeoutMs: number },
  renew: (send: Send) => Promise<number>,
): void {
  if (lifetimeMs <= 0) return
  const { random, logger, timeoutMs } = options
  connection.schedule(lifetimeMs * (EARLIEST + SPREAD * random.next()), () => {
    let nextMs = 0
    void connection
      .alone(async (send) => {
        nextMs = await renew(send)
      }, timeoutMs)
      .then(() => {
        if (connection.open) renewSession(connection, nextMs, options, renew)
        else logger.warn({}, 'a SASL session could not be renewed; its connection is made anew')
      })
  })
}
