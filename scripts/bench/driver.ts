/**
 * The driver process: a JVM that owns the broker, the runners, the inputs and the oracle. One job at a
 * time goes in, its result comes out. When this process dies its stdin ends, and it stops all it has.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Interface } from 'node:readline'
import { createInterface } from 'node:readline'
import type { Job, Result } from './job.ts'

export interface Ready {
  readonly brokers: string
  readonly java: string
}

export interface DriverOptions {
  readonly classpath: string
  readonly data: string
  readonly brokers: string | undefined
  /** Cores of driver and broker, as taskset takes them; `undefined`: all. */
  readonly cores: string | undefined
}

export class Driver {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #ended: Promise<void>
  #waiting: PromiseWithReject | undefined
  /** What it says when all is up. */
  readonly ready: Promise<Ready>

  constructor({ classpath, data, brokers, cores }: DriverOptions) {
    const java = ['java', '-Xmx3g', '-XX:+UseSerialGC', '-cp', classpath, 'bench.Bench']
    const [command = 'java', ...args] =
      cores === undefined ? java : ['taskset', '-c', cores, ...java]
    const env = { ...process.env, BENCH_DATA: data }
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: brokers === undefined ? env : { ...env, BENCH_BROKERS: brokers },
    })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })
    this.#lines.on('line', (line) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.resolve(line)
    })
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#fail(error.message)
        resolve()
      })
      child.on('close', () => {
        this.#fail('it has ended')
        resolve()
      })
    })
    // Its end is told by whoever waits for an answer.
    child.stdin.on('error', () => undefined)
    this.ready = this.#line() as Promise<Ready>
  }

  /** One at a time. Rejects when the driver is gone. */
  async run(job: Job): Promise<Result> {
    const answer = this.#line()
    this.#child.stdin?.write(`${JSON.stringify(job)}\n`)
    return (await answer) as Result
  }

  /** Resolves when the broker and every runner have been stopped. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  async #line(): Promise<unknown> {
    const text = await new Promise<string>((resolve, reject) => {
      if (this.#child.exitCode !== null) reject(new Error('the driver has ended'))
      else this.#waiting = { resolve, reject }
    })
    return JSON.parse(text)
  }

  #fail(why: string): void {
    this.#waiting?.reject(new Error(`no answer from the driver: ${why}`))
    this.#waiting = undefined
  }
}

interface PromiseWithReject {
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}
