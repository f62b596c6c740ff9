/** CPU profiles as V8 writes them: which functions the time went to, by self time. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { figure } from './statistics.ts'
import type { Table } from './table.ts'

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const TOP = 25
const IDLE = '(idle)'

/** `name file:line`, with the file from dist or the package on. */
function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.replace(/^.*\/(?=node_modules\/)|^.*\/(?=dist\/|scripts\/)|^file:\/\//, '')
  return `${name} ${file}:${lineNumber + 1}`
}

/** Microseconds by place, most first; time without work is left out. */
export function selfTimes(profiles: readonly CpuProfile[]): [place: string, us: number][] {
  const times = new Map<string, number>()
  for (const { nodes, samples, timeDeltas } of profiles) {
    const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
    for (const [at, id] of samples.entries()) {
      const place = places.get(id) ?? '?'
      times.set(place, (times.get(place) ?? 0) + (timeDeltas[at] ?? 0))
    }
  }
  times.delete(IDLE)
  return [...times].sort(([, left], [, right]) => right - left)
}

/** The top of all profiles in a folder. */
export function profileTable(title: string, folder: string): Table {
  const profiles = readdirSync(folder)
    .filter((file) => file.endsWith('.cpuprofile'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile)
  const times = selfTimes(profiles)
  const whole = times.reduce((sum, [, us]) => sum + us, 0)
  return {
    title: `${title}: ${figure(whole / 1e6)} s of CPU time, see ${folder}`,
    columns: ['function', 'self s', '%'],
    words: 1,
    rows: times
      .slice(0, TOP)
      .map(([place, us]) => [place, (us / 1e6).toFixed(2), ((us / whole) * 100).toFixed(1)]),
  }
}
