/**
 * Runs seeds of every workload (or one) under every guarantee asked for and says what went wrong.
 * The last line is `N passed, N failed`. `--log` prints the timeline of each failing seed.
 */
import { parseArgs } from 'node:util'
import { CRASH_POINTS } from '../../lib/runtime/crash-point.ts'
import { drawPlan } from '../../lib/testing/simulation/plan.ts'
import type { SeedResult } from '../../lib/testing/simulation/simulation.ts'
import { simulateSeed } from '../../lib/testing/simulation/simulation.ts'
import { workloads } from '../workloads/all.ts'
import type { Workload } from '../workloads/workload.ts'

const RECORDS = 200
/** One seed in so many runs twice, and must leave the same trace. */
const REPEATED = 10

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    topology: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
})

const deaths = new Map<string, number>()
let passed = 0
let failed = 0

async function runSeed(workload: Workload, seed: number): Promise<SeedResult> {
  return simulateSeed(workload, drawPlan(seed, 'exactly-once', RECORDS))
}

async function judge(workload: Workload, seed: number): Promise<void> {
  const result = await runSeed(workload, seed)
  const wrong = [...result.wrong]
  if (seed % REPEATED === 0) {
    const again = await runSeed(workload, seed)
    if (again.trace.hash() !== result.trace.hash()) wrong.push('a second run left another trace')
  }
  for (const [point, count] of result.deaths) deaths.set(point, (deaths.get(point) ?? 0) + count)
  if (wrong.length === 0) {
    passed += 1
    return
  }
  failed += 1
  console.log(`seed ${seed} of ${workload.name}:\n  ${wrong.join('\n  ')}`)
  if (values.log) console.log(result.trace.lines.join('\n'))
}

async function main(): Promise<void> {
  const chosen = workloads.filter(
    ({ name }) => values.topology === undefined || name === values.topology,
  )
  if (chosen.length === 0)
    throw new Error(`no topology '${values.topology}': ${workloads.map(({ name }) => name)}`)
  const from = Number(values.from)
  const began = process.hrtime.bigint()
  for (let at = 0; at < Number(values.seeds); at++) {
    const workload = chosen[at % chosen.length]
    if (workload !== undefined) await judge(workload, from + at)
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  console.log(`${((passed + failed) / seconds).toFixed(1)} seeds/s; died at:`)
  for (const point of CRASH_POINTS) console.log(`  ${point.padEnd(14)}${deaths.get(point) ?? 0}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
