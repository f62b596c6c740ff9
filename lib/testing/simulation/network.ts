/**
 * The network between one process life and the cluster: every request and every answer takes time,
 * some never arrive, and some requests arrive long after the client has given up and gone on over
 * another connection, which is what makes same-epoch retries dangerous.
 *
 * Within one connection order is kept, as TCP keeps it. Request bytes are copied when they are sent:
 * a client may reuse its buffers once it has given up.
 */
import { RetriableError } from '../../core/errors.ts'
import type { Connection, NodeAddress, RequestFrame, Transport } from '../../kafka/transport.ts'
import type { Dice } from './dice.ts'
import type { Trace } from './trace.ts'
import type { ProcessClock, VirtualTime } from './virtual-time.ts'

/** Chances per request, between 0 and 1. */
export interface NetworkFaults {
  readonly loseRequest: number
  readonly loseResponse: number
  /** The connection breaks and the request arrives seconds later all the same. */
  readonly delayRequest: number
}

export interface NetworkOptions {
  readonly cluster: Transport
  readonly time: VirtualTime
  readonly process: ProcessClock
  /** The process and its life, in traces and dice. */
  readonly name: string
  readonly dice: Dice
  readonly trace: Trace
  readonly faults: () => NetworkFaults
}

const LATENCY_MS = { from: 0.1, to: 2 } as const
const LATE_MS = { from: 200, to: 15_000 } as const

export function simulatedTransport(options: NetworkOptions): Transport {
  const { cluster, process, dice, name } = options
  let connections = 0
  return {
    bootstrap: cluster.bootstrap,
    connect: async (address: NodeAddress) => {
      const id = `${name}#${++connections}`
      await process.sleep(dice.between(LATENCY_MS.from, LATENCY_MS.to, id, 'connect'))
      const inner = await cluster.connect(address)
      return new SimulatedConnection(options, inner, id)
    },
    close: async () => undefined,
  }
}

type Fate = 'arrives' | 'request lost' | 'response lost' | 'late'

class SimulatedConnection implements Connection {
  readonly #options: NetworkOptions
  readonly #inner: Connection
  readonly #id: string
  readonly #pending = new Set<(reason: RetriableError) => void>()
  #open = true
  /** Once something is lost, so is all that follows it on this connection, as with TCP. */
  #loses: 'nothing' | 'response lost' | 'request lost' = 'nothing'
  #requests = 0
  #lastArrival = 0
  #lastAnswer = 0

  constructor(options: NetworkOptions, inner: Connection, id: string) {
    this.#options = options
    this.#inner = inner
    this.#id = id
  }

  get versions(): Connection['versions'] {
    return this.#inner.versions
  }

  get open(): boolean {
    return this.#open
  }

  send(frame: RequestFrame): Promise<Buffer> {
    if (!this.#open) return Promise.reject(gone())
    const call = this.#requests++
    const fate = this.#fate(frame.apiKey, call)
    const copy = { ...frame, body: frame.body.map((piece) => Buffer.from(piece)) }
    if (fate !== 'arrives')
      this.#options.trace.add(this.#options.name, `${fate}: api ${frame.apiKey}`)
    return new Promise((resolve, reject) => {
      this.#pending.add(reject)
      const timer = this.#options.process.timer(frame.timeoutMs, () => {
        if (this.#pending.has(reject)) this.#break()
      })
      const answered = (answer: Buffer): void => {
        timer.cancel()
        if (this.#pending.delete(reject)) resolve(answer)
      }
      this.#travel(copy, call, fate, answered)
      if (fate === 'late') this.#break()
    })
  }

  #travel(frame: RequestFrame, call: number, fate: Fate, answered: (answer: Buffer) => void): void {
    if (fate === 'request lost') return
    const { time, dice, process } = this.#options
    const range = fate === 'late' ? LATE_MS : LATENCY_MS
    const due = time.now + dice.between(range.from, range.to, this.#id, call, 'there')
    // What is late travels by itself; the rest keeps its order.
    const arrival = fate === 'late' ? due : Math.max(due, this.#lastArrival)
    if (fate !== 'late') this.#lastArrival = arrival
    time.schedule(arrival - time.now, () => {
      this.#inner.send(frame).then(
        (answer) => {
          if (fate !== 'arrives') return
          const back =
            time.now + dice.between(LATENCY_MS.from, LATENCY_MS.to, this.#id, call, 'back')
          this.#lastAnswer = Math.max(back, this.#lastAnswer)
          process.deliver(this.#lastAnswer - time.now, () => answered(answer))
        },
        () => process.deliver(0, () => this.#break()),
      )
    })
  }

  #fate(apiKey: number, call: number): Fate {
    const { dice, faults } = this.#options
    const { loseRequest, loseResponse, delayRequest } = faults()
    const roll = dice.roll(this.#id, apiKey, call, 'fate')
    if (roll < loseRequest) this.#loses = 'request lost'
    else if (roll < loseRequest + loseResponse && this.#loses === 'nothing')
      this.#loses = 'response lost'
    if (this.#loses !== 'nothing') return this.#loses
    if (roll < loseRequest + loseResponse + delayRequest) return 'late'
    return 'arrives'
  }

  /** A socket that died: whatever waits is told so. */
  #break(): void {
    this.#open = false
    const waiting = [...this.#pending]
    this.#pending.clear()
    for (const reject of waiting) reject(gone())
  }

  async close(): Promise<void> {
    this.#break()
    await this.#inner.close()
  }
}

function gone(): RetriableError {
  return new RetriableError('BROKER_UNAVAILABLE', 'the simulated connection is gone: connect again')
}
