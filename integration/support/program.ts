/** A program of this repository as a process of its own: started, watched, stopped by its pid. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(__dirname, '../..')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  readonly #watchers = new Set<() => void>()
  #output = ''
  #over: Ended | undefined

  constructor(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    cwd: string = root,
  ) {
    this.#child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it starts ends with it.
      detached: true,
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.#output += data.toString()
        for (const watcher of this.#watchers) watcher()
      })
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#over = { code, signal }
        for (const watcher of this.#watchers) watcher()
        resolve({ code, signal })
      })
    })
  }

  /** A TypeScript file of the repository, run from its source. */
  static source(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
    const node = ['--import', './scripts/strip-types.mjs', '--conditions=millrace-source']
    return new Program(process.execPath, [...node, file, ...args], env)
  }

  get output(): string {
    return this.#output
  }

  get ended(): Promise<Ended> {
    return this.#ended
  }

  /** Resolves once the output matches; rejects, with the output, when the program ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#output)
        if (match === null && this.#over === undefined) return
        this.#watchers.delete(look)
        if (match !== null) resolve(match)
        else reject(new Error(`it ended before it printed ${pattern}:\n${this.#output}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Ctrl-C as a terminal gives it: to the program and to all that it started. */
  interrupt(): void {
    const { pid } = this.#child
    if (pid !== undefined) process.kill(-pid, 'SIGINT')
  }

  /** Ends it if it still runs. */
  async kill(): Promise<Ended> {
    const { pid } = this.#child
    if (this.#over === undefined && pid !== undefined) process.kill(-pid, 'SIGKILL')
    return this.#ended
  }
}
