// The tiers of testing, cheapest first: how each is run and how its results are counted.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findKafka } from './find-kafka.mjs'

const run = (command, env = {}) =>
  spawnSync(command, { shell: true, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } })
    .status === 0

/** Commands that pass or fail as a whole, all of them even when one has failed. */
function commands(list) {
  const outcomes = list.map((command) => run(command))
  return { passed: outcomes.filter(Boolean).length, failed: outcomes.filter((ok) => !ok).length }
}

/** Jest with its own count; a suite that did not even load is one failure more. */
function jest(args, env) {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-jest-'))
  const file = join(dir, 'report.json')
  const ok = run(`npx jest ${args} --json --outputFile=${file}`, env)
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  rmSync(dir, { recursive: true, force: true })
  if (report === undefined) return { passed: 0, failed: 1 }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  const skipped = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending')
    .map(({ fullName }) => fullName)
  return { passed: report.numPassedTests, failed: ok ? failed : Math.max(1, failed), skipped }
}

/** A program whose last line is `N passed, N failed[, …]`. */
function counted(command) {
  const { stdout, status } = spawnSync(command, {
    shell: true,
    stdio: ['ignore', 'pipe', 2],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  process.stderr.write(stdout)
  const match = /(\d+) passed, (\d+) failed[^\n]*\n*$/.exec(stdout)
  if (match === null) return { passed: 0, failed: 1 }
  const failed = Number(match[2])
  return { passed: Number(match[1]), failed: status === 0 ? failed : Math.max(1, failed) }
}

export const tiers = [
  {
    name: 'check',
    what: 'types, lint, architecture',
    run: async () =>
      commands(['npx tsc', 'npx biome check --error-on-warnings', 'npx oxlint --type-aware']),
  },
  {
    name: 'unit',
    what: 'functions, operators, protocol, the embedded broker',
    run: async () => jest(''),
  },
  {
    name: 'conformance',
    what: 'cases recorded from Kafka Streams',
    run: async () => counted('npm run --silent conformance'),
  },
  {
    name: 'simulation',
    what: 'whole runtime, virtual time, seeded faults',
    run: async () => counted('npm run --silent simulate -- --seeds 300'),
  },
  {
    name: 'process',
    what: 'real processes, sockets and disks on the embedded broker',
    run: async () => jest('--config integration/jest.config.js integration/process'),
  },
  {
    name: 'integration',
    what: 'a real Apache Kafka',
    run: async () => {
      const kafka = await findKafka()
      if (kafka.notRun !== undefined) return { notRun: kafka.notRun }
      try {
        const counts = jest('--config integration/jest.config.js integration/kafka', kafka.env)
        return { ...counts, where: kafka.where }
      } finally {
        await kafka.stop()
      }
    },
  },
]
