/**
 * Takes each rule out of a copy of the library and runs the test that must then fail; before that,
 * all of these tests must pass with every rule in its place. `npm run mutants [-- ID …]`. The last
 * line is `N passed, N failed`.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { mutants } from './all.ts'
import type { Edit, Mutant } from './rule.ts'

/** A test that hangs without its rule has failed. */
const PATIENCE_MS = 120_000
const COPIED = ['lib', 'scripts', 'topologies', 'jest.config.js', 'package.json'] as const

interface Report {
  readonly numFailedTests: number
  readonly numRuntimeErrorTestSuites: number
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** A copy of what jest needs, in which rules come and go. */
class Copy {
  readonly #root = mkdtempSync(join(tmpdir(), 'millrace-mutants-'))

  constructor() {
    for (const name of COPIED) cpSync(name, join(this.#root, name), { recursive: true })
    symlinkSync(resolve('node_modules'), join(this.#root, 'node_modules'))
  }

  /** Returns how to put it back. Throws when the text is not there exactly once. */
  edit({ file, rule, instead }: Edit): () => void {
    const path = join(this.#root, file)
    const before = readFileSync(path, 'utf8')
    const parts = before.split(rule)
    if (parts.length !== 2)
      throw new Error(
        `${file} has the text of the rule ${parts.length - 1} times, not once: ${rule}`,
      )
    writeFileSync(path, parts.join(instead))
    return () => writeFileSync(path, before)
  }

  /** Undefined: it did not end in time. */
  run(files: readonly string[], pattern: string): Promise<Report | undefined> {
    const report = join(this.#root, 'report.json')
    rmSync(report, { force: true })
    const jest = resolve('node_modules/jest/bin/jest.js')
    const args = [jest, '-i', ...files, '-t', pattern, '--json', `--outputFile=${report}`]
    return new Promise((done) => {
      const options = { cwd: this.#root, timeout: PATIENCE_MS, maxBuffer: 1 << 28 }
      execFile(process.execPath, args, options, () => {
        try {
          done(JSON.parse(readFileSync(report, 'utf8')) as Report)
        } catch {
          done(undefined)
        }
      })
    })
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }
}

function patternOf(name: string): string {
  return name.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}

/** A mutant that does not even run is noticed by any test, which says nothing about the rule. */
function slipIn({ testResults }: Report): string | undefined {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ failureMessages }) => failureMessages)
    .map((message) =>
      /(?:ReferenceError|SyntaxError): [^\n]*|[^\n]* is not a function/.exec(message),
    )
    .find((found) => found !== null)?.[0]
}

/** What is wrong; undefined when the test failed, as it must. */
async function judge(copy: Copy, { edits, test, name }: Mutant): Promise<string | undefined> {
  const undo: (() => void)[] = []
  try {
    for (const edit of edits) undo.unshift(copy.edit(edit))
    const report = await copy.run([test], patternOf(name))
    if (report === undefined) return undefined
    if (report.numRuntimeErrorTestSuites > 0) return 'the test did not even load'
    if (report.numFailedTests === 0) return `'${name}' in ${test} passes without the rule`
    return slipIn(report)
  } catch (error) {
    return String(error)
  } finally {
    for (const each of undo) each()
  }
}

/** Names that stand for no passing test while all rules are there. */
async function notGreen(copy: Copy, chosen: readonly Mutant[]): Promise<readonly string[]> {
  const files = [...new Set(chosen.map(({ test }) => test))]
  const pattern = [...new Set(chosen.map(({ name }) => patternOf(name)))].join('|')
  const report = await copy.run(files, pattern)
  const ran = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? []
  return chosen.flatMap(({ id, name }) => {
    const named = ran.filter(
      ({ fullName, status }) => fullName.includes(name) && status !== 'pending',
    )
    const green = named.length > 0 && named.every(({ status }) => status === 'passed')
    return green ? [] : [`${id}: '${name}' is no test that passes with every rule in its place`]
  })
}

async function main(): Promise<void> {
  const ids = process.argv.slice(2)
  const chosen =
    ids.length === 0 ? mutants : mutants.filter(({ id }) => ids.some((one) => id.startsWith(one)))
  const copies = Array.from(
    { length: Math.min(chosen.length, availableParallelism()) },
    () => new Copy(),
  )
  const wrong: string[] = []
  try {
    const [first] = copies
    if (first !== undefined) wrong.push(...(await notGreen(first, chosen)))
    const queue = [...chosen]
    const work = async (copy: Copy): Promise<void> => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const began = process.hrtime.bigint()
        const what = await judge(copy, mutant)
        const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1)
        console.log(
          `${mutant.id.padEnd(16)}${(what === undefined ? 'noticed' : 'NOT NOTICED').padEnd(13)}${seconds.padStart(5)} s  ${mutant.bug}`,
        )
        if (what !== undefined) wrong.push(`${mutant.id}: ${what}`)
      }
    }
    await Promise.all(copies.map(work))
  } finally {
    for (const copy of copies) copy.remove()
  }
  for (const line of wrong) console.log(line)
  const failed = Math.min(wrong.length, chosen.length)
  console.log(`${chosen.length - failed} passed, ${failed} failed`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}

await main()
