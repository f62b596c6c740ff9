/**
 * `npm run bench`: builds, starts a broker, runs the engines in turn on the same input, and prints what
 * they took. A run whose answer is wrong has no figures, and makes the command fail.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { buildJava, buildPackage } from './build.ts'
import { Driver } from './driver.ts'
import { enginesFor } from './engines.ts'
import { isRight } from './job.ts'
import { allowedCores, coresOf, describe, quiet } from './machine.ts'
import type { Options } from './options.ts'
import { HELP, optionsOf } from './options.ts'
import { profileTable } from './profile.ts'
import { tablesOf } from './report.ts'
import { Rounds } from './rounds.ts'
import type { Table } from './table.ts'
import { markdownOf, textOf } from './table.ts'

const BUILD = join(import.meta.dirname, '../../build/bench')
/** More than this of a core used by others puts the times of a run in doubt. */
const FOREIGN_CORES = 0.1

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

function read(args: readonly string[]): Options | undefined {
  try {
    return optionsOf(args)
  } catch (error) {
    say(`${String((error as { message?: unknown }).message)}; --help lists the options`)
    process.exit(2)
  }
}

/** The first signal ends the runs, and prints what there is; npm dying is a signal too. */
function onStop(stop: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  const shell = process.ppid
  if (process.env.npm_lifecycle_event === 'bench')
    setInterval(() => process.ppid !== shell && stop(), 500).unref()
}

async function main(options: Options, command: string): Promise<void> {
  const began = process.hrtime.bigint()
  say('building')
  const classpath = buildJava()
  buildPackage()
  mkdirSync(BUILD, { recursive: true })
  const data = mkdtempSync(join(BUILD, 'run-'))
  const cores = options.pin ? coresOf(allowedCores()) : undefined
  const driver = new Driver({ classpath, data, brokers: options.brokers, cores: cores?.rest })
  const rounds = new Rounds({
    driver,
    engines: enginesFor(classpath).filter(({ name }) => options.engines.includes(name)),
    pairs: options.pairs,
    core: cores?.engine,
    profiles: options.profile ? relative('.', join(BUILD, 'profiles')) : undefined,
    secondsLeft: () =>
      options.endS === undefined
        ? undefined
        : options.endS - Number(process.hrtime.bigint() - began) / 1e9,
    quiet: () => quiet(options.waitQuietS),
    say,
  })
  onStop(() => {
    rounds.stop()
    void driver.close()
  })
  let facts: readonly string[][] = []
  try {
    const { java, brokers } = await driver.ready
    // Now, for the work tree may go on while this runs.
    facts = describe(java, cores, command)
    say(`broker on ${brokers}`)
    await rounds.run(options.loads)
  } finally {
    await driver.close()
    rmSync(join(data, 'broker'), { recursive: true, force: true })
    rmSync(join(data, 'state'), { recursive: true, force: true })
  }
  print(options, rounds, facts)
  if (rounds.runs.every(isRight)) rmSync(data, { recursive: true, force: true })
  else process.exitCode = 1
  if (rounds.stopped) process.exitCode = 130
}

function print(options: Options, rounds: Rounds, facts: readonly string[][]): void {
  const show = (table: Table): void => {
    process.stdout.write(`\n${options.markdown ? markdownOf(table) : textOf(table)}`)
  }
  const { runs, leftOut } = rounds
  if (options.profile)
    for (const [title, folder] of rounds.profiled) show(profileTable(title, folder))
  else for (const table of tablesOf(runs)) show(table)
  process.stdout.write('\n')
  const line = (name: string, value: string): void => {
    process.stdout.write(
      options.markdown ? `- ${name}: ${value}\n` : `${name.padEnd(10)}${value}\n`,
    )
  }
  for (const [name = '', value = ''] of facts) line(name, value)
  const noisy = runs.filter(({ result }) => (result.foreignCores ?? 0) > FOREIGN_CORES).length
  line('noise', `others used more than ${FOREIGN_CORES} cores in ${noisy} of ${runs.length} runs`)
  if (leftOut.length > 0) line('left out', `${leftOut.join('; ')}: no time left`)
  for (const run of runs)
    if (!isRight(run))
      line('WRONG', `${run.load.workload} ${run.load.guarantee} ${run.engine}: ${run.result.wrong}`)
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ ...Object.fromEntries(facts), runs }, null, 1)}\n`,
    )
}

const args = process.argv.slice(2)
const options = read(args)
if (options === undefined) process.stdout.write(`${HELP}\n`)
else {
  const command = ['npm run bench', ...(args.length > 0 ? ['--'] : []), ...args].join(' ')
  main(options, command).catch((error: unknown) => {
    say(String((error as { stack?: unknown }).stack ?? error))
    process.exitCode = 1
  })
}
