/**
 * `npm run conformance [-- --cases DIR]`: every case of every JSON file there, or of our own. What a
 * case is follows from its shape, so files may be added; what this version does not have is listed, not failed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../lib/core/errors.ts'
import { runByteFormats } from './byte-formats.ts'
import type { DriverCase, GroupCase, Outcome, StoreCase } from './cases.ts'
import { runGroupCase } from './group-ops.ts'
import { runCase } from './run-case.ts'
import { runStoreCase } from './store-ops.ts'

type Report = (name: string, outcome: Outcome) => void

/** Recorded from Kafka Streams' real engine; see the README there. */
const OWN_CASES = join(import.meta.dirname, 'cases')

const { cases } = parseArgs({ options: { cases: { type: 'string', default: OWN_CASES } } }).values
await runAll(cases)

async function runAll(folder: string): Promise<void> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const missing = new Map<string, string[]>()
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const content: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    await runFile(content, (name, outcome) => {
      counts[outcome.result]++
      const whole = `${basename(file, '.json')}/${name}`
      if (outcome.result === 'failed') process.stdout.write(`FAILED ${whole}: ${outcome.why}\n`)
      if (outcome.result === 'skipped')
        missing.set(outcome.why, [...(missing.get(outcome.why) ?? []), whole])
    })
  }
  for (const [why, names] of missing)
    process.stdout.write(`skipped (${why}): ${names.join(', ')}\n`)
  const { passed, failed, skipped } = counts
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  if (failed > 0) process.exitCode = 1
}

async function runFile(content: unknown, report: Report): Promise<void> {
  if (!Array.isArray(content)) {
    for (const [name, outcome] of runByteFormats(content as Readonly<Record<string, unknown>>))
      report(name, outcome)
    return
  }
  for (const one of content) report(one.name, await guarded(() => runOne(one)))
}

/** An error of the interpreter, or of what it runs, fails this case alone. */
async function guarded(run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    return { result: 'failed', why: messageOf(error) }
  }
}

function runOne(one: object): Outcome | Promise<Outcome> {
  if ('steps' in one && 'topology' in one && Array.isArray(one.topology))
    return runCase(one as DriverCase)
  if ('store' in one && 'ops' in one) return runStoreCase(one as StoreCase)
  if ('ops' in one) return runGroupCase(one as GroupCase)
  return { result: 'skipped', why: 'in words: simulation and integration tests have it' }
}
