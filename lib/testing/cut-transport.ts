/** The transport of a process that a test kills, or whose requests it loses one by one. */
import { RetriableError } from '../core/errors.ts'
import type { Connection, NodeAddress, RequestFrame, Transport } from '../kafka/transport.ts'

/** What happens to a request: it passes, is never sent, or is answered to nobody. */
export type Fate = 'pass' | 'lose request' | 'lose answer'

/** Requests of a killed process are never sent, and answers never arrive; others may be lost. */
export class CutTransport implements Transport {
  readonly #inner: Transport
  /** Asked for each request. */
  fate: (frame: RequestFrame) => Fate = () => 'pass'
  #dead = false

  constructor(inner: Transport) {
    this.#inner = inner
  }

  get bootstrap(): readonly NodeAddress[] {
    return this.#inner.bootstrap
  }

  async connect(address: NodeAddress): Promise<Connection> {
    const connection = await this.#inner.connect(address)
    let broken = false
    const lost = (): RetriableError => {
      broken = true
      void connection.close()
      return new RetriableError('BROKER_UNAVAILABLE', 'the connection was cut by a test')
    }
    return {
      versions: connection.versions,
      get open() {
        return connection.open && !broken
      },
      send: async (frame) => {
        const fate = this.#dead ? 'never' : this.fate(frame)
        if (fate === 'never') return new Promise<never>(() => undefined)
        if (fate === 'lose request') throw lost()
        const answer = await connection.send(frame)
        if (this.#dead) return new Promise<never>(() => undefined)
        if (fate === 'lose answer') throw lost()
        return answer
      },
      close: () => connection.close(),
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  cut(): void {
    this.#dead = true
    void this.#inner.close()
  }
}
