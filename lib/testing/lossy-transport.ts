/**
 * A transport that loses exactly what a test tells it to: a request on its way, an answer on its way
 * back, or an answer until later. After a loss its connection is dead, as after a reset of a socket.
 *
 * It also counts what goes out, and can make a cluster look older than it is.
 */
import { RetriableError } from '../core/errors.ts'
import type {
  Connection,
  NodeAddress,
  NodeVersions,
  RequestFrame,
  Transport,
} from '../kafka/transport.ts'

/** `late`: the connection dies at once, and the request arrives when `deliverLate` is called. */
export type Fate = 'request lost' | 'answer lost' | 'late'

interface Plan {
  readonly apiKey: number
  readonly fate: Fate
  times: number
}

/** A request that went out. */
export interface SentRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly host: string
  readonly port: number
}

export class LossyTransport implements Transport {
  readonly bootstrap: readonly NodeAddress[]
  readonly sent: SentRequest[] = []
  /** What a new connection says that its node speaks. */
  versions: (told: NodeVersions) => NodeVersions = (told) => told
  readonly #inner: Transport
  readonly #plans: Plan[] = []
  readonly #late: (() => Promise<unknown>)[] = []
  #held: { readonly apiKey: number; readonly until: Promise<void> } | undefined

  constructor(inner: Transport) {
    this.#inner = inner
    this.bootstrap = inner.bootstrap
  }

  /** The next requests of this kind meet this fate. */
  lose(api: { readonly key: number }, fate: Fate, times = 1): void {
    this.#plans.push({ apiKey: api.key, fate, times })
  }

  /** From now on nothing is lost. */
  heal(): void {
    this.#plans.length = 0
  }

  /** Answers of this kind wait until the result is called. */
  hold(api: { readonly key: number }): () => void {
    let release = (): void => undefined
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held = { apiKey: api.key, until }
    return () => {
      this.#held = undefined
      release()
    }
  }

  /** What was on its way when its connection died arrives now; resolves with the answers. */
  async deliverLate(): Promise<readonly unknown[]> {
    return Promise.all(this.#late.splice(0).map((deliver) => deliver()))
  }

  count(api: { readonly key: number }): number {
    return this.sent.filter(({ apiKey }) => apiKey === api.key).length
  }

  async connect(address: NodeAddress): Promise<Connection> {
    const inner = await this.#inner.connect(address)
    const pending = new Set<(reason: RetriableError) => void>()
    let open = true
    const die = (): void => {
      open = false
      for (const reject of pending) reject(gone())
      pending.clear()
    }
    const versions = this.versions(inner.versions)
    return {
      versions,
      get open() {
        return open && inner.open
      },
      send: (frame) => {
        if (!open) return Promise.reject(gone())
        this.sent.push({ ...frame, ...address })
        return new Promise((resolve, reject) => {
          pending.add(reject)
          this.#travel(inner, frame, die).then(
            (answer) => {
              if (pending.delete(reject)) resolve(answer)
            },
            (reason: unknown) => {
              if (pending.delete(reject)) reject(reason)
            },
          )
        })
      },
      close: () => {
        die()
        return inner.close()
      },
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #travel(inner: Connection, frame: RequestFrame, die: () => void): Promise<Buffer> {
    const copy = { ...frame, body: frame.body.map((piece) => Buffer.from(piece)) }
    const fate = this.#fateOf(frame.apiKey)
    if (fate === 'request lost') return dead(die)
    if (fate === 'late') {
      this.#late.push(() => inner.send(copy))
      return dead(die)
    }
    const held = this.#held
    const answer = await inner.send(copy)
    if (held?.apiKey === frame.apiKey) await held.until
    return fate === 'answer lost' ? dead(die) : answer
  }

  #fateOf(apiKey: number): Fate | undefined {
    const plan = this.#plans.find((one) => one.apiKey === apiKey && one.times > 0)
    if (plan === undefined) return undefined
    plan.times -= 1
    return plan.fate
  }
}

/** Never answers: the connection's death tells everybody who waits. */
function dead(die: () => void): Promise<never> {
  die()
  return new Promise(() => undefined)
}

function gone(): RetriableError {
  return new RetriableError('BROKER_UNAVAILABLE', 'the connection was cut: connect again')
}
