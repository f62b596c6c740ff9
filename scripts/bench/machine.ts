/** What it ran on, for whoever reads the figures; and which cores it may have. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem, type } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaVersion } from './build.ts'

export interface Cores {
  /** Of broker and driver, and of the engine, as taskset takes them. */
  readonly rest: string
  readonly engine: string
}

const QUIET_CORES = 0.3
const WINDOW_MS = 2000
const TICKS_PER_S = 100

/** The last core that this process may use is the engine's. `undefined` where there is only one. */
export function coresOf(allowed: string): Cores | undefined {
  const all = allowed.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
  const engine = all.at(-1)
  if (engine === undefined || all.length < 2) return undefined
  return { rest: all.slice(0, -1).join(','), engine: String(engine) }
}

export function allowedCores(): string {
  const status = readFileSync('/proc/self/status', 'utf8')
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0'
}

/** Waits until others use little of the machine; `false` when they never did. */
export async function quiet(seconds: number): Promise<boolean> {
  for (let left = seconds * 1000; left > 0; left -= WINDOW_MS) {
    const before = busySeconds()
    await sleep(WINDOW_MS)
    if (((busySeconds() - before) * 1000) / WINDOW_MS < QUIET_CORES) return true
  }
  return seconds === 0
}

function busySeconds(): number {
  const fields = /^cpu\s+(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(/\s+/) ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields.map(Number)
  return (user + nice + system + irq + softirq) / TICKS_PER_S
}

function git(...args: readonly string[]): string {
  return spawnSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).stdout
}

/** Lines of `name: value`. */
export function describe(java: string, cores: Cores | undefined, command: string): string[][] {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }
  const commit = git('rev-parse', '--short', 'HEAD').trim()
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' (changed)'
  const [cpu] = cpus()
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  const pinned =
    cores === undefined
      ? 'nothing pinned'
      : `engine on core ${cores.engine}, broker and driver on ${cores.rest}`
  return [
    [
      'machine',
      `${cpu?.model ?? '?'}, ${cpus().length} cores, ${memory} GB, ${type()} ${release()}`,
    ],
    ['cores', pinned],
    ['date', new Date().toISOString().slice(0, 10)],
    ['millrace', `commit ${commit || '?'}${changed}, Node.js ${process.versions.node}`],
    ['peers', `Apache Kafka and Kafka Streams ${kafkaVersion()}, Java ${java}; kafkajs ${version}`],
    ['command', command],
  ]
}
