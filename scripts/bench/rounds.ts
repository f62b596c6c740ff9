/** The order of the runs: load by load, in pairs, the engines in turn and turned round in every other pair. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from './engines.ts'
import { envOf } from './engines.ts'
import type { Job, Load, Result, Run } from './job.ts'
import { nameOf } from './job.ts'
import { figure } from './statistics.ts'

/** Seconds that a run takes besides what it may be given: to stop, to be checked. */
const MARGIN_S = 10

export interface RoundsOptions {
  readonly driver: { run(job: Job): Promise<Result> }
  readonly engines: readonly Engine[]
  readonly pairs: number
  /** Of the engine, as taskset takes it. */
  readonly core: string | undefined
  /** The folder that profiles go to; `undefined`: none are made. */
  readonly profiles: string | undefined
  readonly secondsLeft: () => number | undefined
  readonly quiet: () => Promise<boolean>
  readonly say: (line: string) => void
}

export class Rounds {
  readonly #options: RoundsOptions
  readonly #runs: Run[] = []
  readonly #leftOut: string[] = []
  readonly #profiled: [title: string, folder: string][] = []
  #stopped = false
  #longestS = 2 * MARGIN_S

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  get runs(): readonly Run[] {
    return this.#runs
  }

  /** Names of pairs for which there was no time. */
  get leftOut(): readonly string[] {
    return this.#leftOut
  }

  get profiled(): readonly (readonly [title: string, folder: string])[] {
    return this.#profiled
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** The run that is under way fails when its driver goes, and is forgotten. */
  stop(): void {
    this.#stopped = true
  }

  async run(loads: readonly Load[]): Promise<void> {
    for (const load of loads)
      for (let pair = 0; pair < this.#options.pairs; pair++) await this.#pair(load, pair)
  }

  async #pair(load: Load, pair: number): Promise<void> {
    if (this.#stopped) return
    const engines = this.#options.engines.filter((engine) => engine.has(load))
    if (pair % 2 === 1) engines.reverse()
    const fits = (runs: number): boolean =>
      (this.#options.secondsLeft() ?? Number.POSITIVE_INFINITY) > runs * this.#longestS
    if (!fits(engines.length)) this.#leftOut.push(`${nameOf(load)} ${load.guarantee}`)
    else
      for (const engine of engines) {
        if (this.#stopped) return
        if (fits(1)) await this.#one(load, engine, pair)
        else this.#leftOut.push(`${nameOf(load)} ${load.guarantee} ${engine.title}`)
      }
  }

  async #one(load: Load, engine: Engine, pair: number): Promise<void> {
    const { driver, pairs, quiet, say, secondsLeft } = this.#options
    const what = `${nameOf(load)} ${load.guarantee} ${engine.title}, ${pair + 1} of ${pairs}`
    if (!(await quiet())) say(`${what}: the machine was never quiet`)
    const began = process.hrtime.bigint()
    const left = secondsLeft() ?? Number.POSITIVE_INFINITY
    const timeoutS = Math.max(1, Math.floor(Math.min(load.timeoutS, left - MARGIN_S)))
    try {
      const result = await driver.run(this.#job({ ...load, timeoutS }, engine))
      // Only its own time limit is its fault.
      if (result.timedOut === true && timeoutS < load.timeoutS) this.#leftOut.push(what)
      else this.#runs.push({ load, engine: engine.name, pair, result })
      say(`${what}: ${summary(result)}`)
    } catch (error) {
      if (!this.#stopped) throw error
    }
    this.#longestS = Math.max(this.#longestS, Number(process.hrtime.bigint() - began) / 1e9)
  }

  #job(load: Load, engine: Engine): Job {
    const { core, profiles } = this.#options
    const command = core === undefined ? engine.command : ['taskset', '-c', core, ...engine.command]
    const env = envOf(load, engine.name)
    if (profiles !== undefined) {
      const folder = join(profiles, `${nameOf(load)}-${load.guarantee}`.replaceAll(/[ ,]+/g, '-'))
      rmSync(folder, { recursive: true, force: true })
      env.BENCH_NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${folder}`
      this.#profiled.push([`${nameOf(load)}, ${load.guarantee}`, folder])
    }
    return { ...load, engine: engine.name, command, env }
  }
}

/** What is most telling of a result, in a line. */
function summary(result: Result): string {
  if (result.wrong !== undefined && result.wrong !== null) return `WRONG: ${result.wrong}`
  if (result.wiped !== undefined) return `${figure(result.wiped.toRunningS)} s to running`
  if (result.endToEndMs !== undefined) return `${figure(result.endToEndMs.p99)} ms end to end p99`
  const cpu = result.steadyCpuSPerM ?? result.cpuSPerM ?? 0
  return `${figure(cpu)} CPU s per million, ${figure(result.steadyRecordsPerS ?? 0)} records/s`
}
