/**
 * Runs seeds of every workload (or one) under a guarantee and says what went wrong: first those of
 * corpus.json, which failed once. The last line is `N passed, N failed`. `--log` prints the timeline
 * of each failing seed. A long run also fails when instances died too rarely at a crash point, and
 * when a planted bug is not noticed; `--mutants` does the latter alone.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CRASH_POINTS } from '../../lib/runtime/crash-point.ts'
import type { Guarantee } from '../../lib/runtime/options.ts'
import type { Plan } from '../../lib/testing/simulation/plan.ts'
import { drawPlan, QUICK_MARKERS_MS } from '../../lib/testing/simulation/plan.ts'
import type { SeedResult } from '../../lib/testing/simulation/simulation.ts'
import { simulateSeed } from '../../lib/testing/simulation/simulation.ts'
import { workloads } from '../workloads/all.ts'
import type { Workload } from '../workloads/workload.ts'
import type { Mutant } from './mutants.ts'
import { mutants, mutated } from './mutants.ts'

const RECORDS = 200
/** One seed in so many runs twice, and must leave the same trace. */
const REPEATED = 10
/** So many seeds are a long run, in which instances die so often at each crash point. */
const LONG_RUN = 300
const DEATHS_FLOOR = 3
/** A planted bug that outlives so many seeds is not noticed. */
const MUTANT_SEEDS = 60

const GUARANTEES: readonly Guarantee[] = ['exactly-once', 'at-least-once', 'at-most-once']

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    topology: { type: 'string' },
    guarantee: { type: 'string', default: 'exactly-once' },
    log: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
  },
})

interface KnownSeed {
  readonly seed: number
  readonly workload: string
  readonly why: string
}

const deaths = new Map<string, number>()
let passed = 0
let failed = 0

function count(ok: boolean, what: string): void {
  if (ok) passed += 1
  else {
    failed += 1
    console.log(what)
  }
}

async function judge(workload: Workload, plan: Plan): Promise<void> {
  const { seed } = plan
  const runSeed = (): Promise<SeedResult> => simulateSeed(workload, plan)
  const result = await runSeed()
  const wrong = [...result.wrong]
  if (seed % REPEATED === 0) {
    const again = await runSeed()
    if (again.trace.hash() !== result.trace.hash()) wrong.push('a second run left another trace')
  }
  for (const [point, times] of result.deaths) deaths.set(point, (deaths.get(point) ?? 0) + times)
  count(wrong.length === 0, `seed ${seed} of ${workload.name}:\n  ${wrong.join('\n  ')}`)
  if (wrong.length > 0 && values.log) console.log(result.trace.lines.join('\n'))
}

async function judgeCorpus(guarantee: Guarantee): Promise<void> {
  const text = readFileSync(new URL('corpus.json', import.meta.url), 'utf8')
  const known = JSON.parse(text) as readonly KnownSeed[]
  for (const { seed, workload } of known)
    for (const chosen of named(workload)) {
      // As they were when these seeds failed.
      const plan = { ...drawPlan(seed, guarantee, RECORDS), markerMs: QUICK_MARKERS_MS }
      await judge(chosen, plan)
    }
}

/** The seeds tried until a planted bug showed; undefined: it never did. */
async function noticed(mutant: Mutant): Promise<number | undefined> {
  const [workload] = named(mutant.workload)
  if (workload === undefined) return undefined
  for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
    const plan = drawPlan(seed, 'exactly-once', RECORDS)
    const { wrong } = await simulateSeed(workload, plan, (door) => mutated(door, mutant))
    if (wrong.length === 0) continue
    // A seed that fails without it too tells nothing of it.
    if ((await simulateSeed(workload, plan)).wrong.length === 0) return seed
  }
  return undefined
}

async function judgeMutants(): Promise<void> {
  for (const mutant of mutants) {
    const seeds = await noticed(mutant)
    if (seeds !== undefined) console.log(`planted bug '${mutant.name}': seen at seed ${seeds}`)
    count(seeds !== undefined, `planted bug '${mutant.name}': not seen in ${MUTANT_SEEDS} seeds`)
  }
}

function judgeCoverage(): void {
  for (const point of CRASH_POINTS) {
    const times = deaths.get(point) ?? 0
    count(times >= DEATHS_FLOOR, `died at ${point} ${times} times, fewer than ${DEATHS_FLOOR}`)
  }
}

function named(name: string | undefined): readonly Workload[] {
  const chosen = workloads.filter((workload) => name === undefined || workload.name === name)
  if (chosen.length > 0) return chosen
  throw new Error(`no topology '${name}': there are ${workloads.map((one) => one.name).join(', ')}`)
}

function chosenGuarantee(): Guarantee {
  const found = GUARANTEES.find((guarantee) => guarantee === values.guarantee)
  if (found !== undefined) return found
  throw new Error(`no guarantee '${values.guarantee}': there are ${GUARANTEES.join(', ')}`)
}

async function judgeSeeds(chosen: readonly Workload[], guarantee: Guarantee): Promise<void> {
  const from = Number(values.from)
  const began = process.hrtime.bigint()
  if (values.topology === undefined) await judgeCorpus(guarantee)
  for (let at = 0; at < Number(values.seeds); at++) {
    const workload = chosen[at % chosen.length]
    if (workload !== undefined) await judge(workload, drawPlan(from + at, guarantee, RECORDS))
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  console.log(`${((passed + failed) / seconds).toFixed(1)} seeds/s; died at:`)
  for (const point of CRASH_POINTS) console.log(`  ${point.padEnd(14)}${deaths.get(point) ?? 0}`)
}

async function main(): Promise<void> {
  const guarantee = chosenGuarantee()
  const chosen = named(values.topology)
  const long = Number(values.seeds) >= LONG_RUN && guarantee === 'exactly-once'
  if (!values.mutants) await judgeSeeds(chosen, guarantee)
  if (long) judgeCoverage()
  if (long || values.mutants) await judgeMutants()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
