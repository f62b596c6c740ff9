/** A cluster that tells what was asked of it, and can hold a request back: over the real sockets of another. */
import type { ClusterContext } from '../../lib/kafka/cluster.ts'
import { Cluster } from '../../lib/kafka/cluster.ts'
import type { Connection, RequestFrame, Transport } from '../../lib/kafka/transport.ts'

export class WatchedCluster extends Cluster {
  protected readonly transport = 'tcp'
  readonly ephemeral: boolean
  readonly requestTimeoutMs: number
  readonly clientId: string
  readonly sent: RequestFrame[] = []
  connections = 0
  /** A request is held back until that resolves; those behind it overtake it. */
  hold: (frame: RequestFrame) => Promise<void> | undefined = () => undefined
  readonly #inner: Cluster

  constructor(inner: Cluster) {
    super()
    this.#inner = inner
    this.ephemeral = inner.ephemeral
    this.requestTimeoutMs = inner.requestTimeoutMs
    this.clientId = inner.clientId
  }

  /** The versions in which an api was asked, in order. */
  versionsOf(api: { readonly key: number }): readonly number[] {
    return this.sent.filter(({ apiKey }) => apiKey === api.key).map(({ apiVersion }) => apiVersion)
  }

  async open(context: ClusterContext): Promise<Transport> {
    const transport = await this.#inner.open(context)
    return {
      bootstrap: transport.bootstrap,
      close: () => transport.close(),
      connect: async (address) => {
        this.connections += 1
        return this.#watch(await transport.connect(address))
      },
    }
  }

  #watch(connection: Connection): Connection {
    return {
      versions: connection.versions,
      get open(): boolean {
        return connection.open
      },
      send: (frame) => {
        this.sent.push(frame)
        const held = this.hold(frame)
        return held === undefined ? connection.send(frame) : held.then(() => connection.send(frame))
      },
      close: () => connection.close(),
    }
  }
}
