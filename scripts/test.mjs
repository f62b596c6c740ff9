// `npm test [-- TIER …] [--required]`: every tier that this machine can run, or those that are
// named, and at the end what ran where. With `--required` (or CI=true) a tier that could not run
// fails. The last line is `N passed, N failed`.
import { install } from './install.mjs'

install({ everything: true })
const { tiers } = await import('./tiers.mjs')

const required = process.argv.includes('--required') || process.env.CI === 'true'
// Tests that a machine may be unable to run look at it.
if (required) process.env.CI = 'true'
const names = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const unknown = names.filter((name) => !tiers.some((tier) => tier.name === name))
if (unknown.length > 0) {
  const known = tiers.map((tier) => tier.name).join(', ')
  process.stderr.write(`no tier ${unknown.join(', ')}: name some of ${known}, or none for all\n`)
  process.exit(2)
}

const results = []
for (const tier of tiers) {
  if (names.length > 0 && !names.includes(tier.name)) continue
  process.stderr.write(`\n── ${tier.name}: ${tier.what}\n`)
  const started = process.hrtime.bigint()
  const result = await tier.run()
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  results.push({ ...result, name: tier.name, seconds })
}

process.stdout.write('\n')
let passed = 0
let failed = 0
for (const { name, seconds, where = 'here', notRun, ...counts } of results) {
  passed += counts.passed ?? 0
  failed += counts.failed ?? 0
  const took = `${seconds.toFixed(0)} s`
  if (notRun !== undefined) {
    if (required) failed += 1
    process.stdout.write(`${name.padEnd(12)} NOT RUN${required ? ' (required)' : ''}: ${notRun}\n`)
  } else {
    const line = `${counts.passed} passed, ${counts.failed} failed`
    process.stdout.write(`${name.padEnd(12)} ${line.padEnd(24)} ${took.padStart(6)}  ${where}\n`)
    for (const test of counts.skipped ?? [])
      process.stdout.write(`${' '.repeat(12)} not run, for the reason told above: ${test}\n`)
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
