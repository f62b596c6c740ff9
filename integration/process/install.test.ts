/** What commands install before they run, in a folder of which npm may not touch more than its own. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Program } from '../support/program.ts'

const SOURCE = join(__dirname, '../../scripts/install.mjs')

let dir = ''
let project = ''
/** Packages that another project has installed. */
let others = ''

/** Writes a lock file that was made at so many seconds. */
function lock(file: string, seconds: number): void {
  writeFileSync(file, '{}')
  utimesSync(file, seconds, seconds)
}

function install(): Program {
  const code = `import { install } from ${JSON.stringify(SOURCE)}; install({ everything: false })`
  return new Program(process.execPath, ['--input-type=module', '-e', code], {}, project)
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-install-'))
  project = join(dir, 'project')
  others = join(dir, 'others')
  for (const folder of [project, others]) mkdirSync(folder)
  lock(join(others, '.package-lock.json'), 1000)
  symlinkSync(others, join(project, 'node_modules'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('packages behind a link that are out of date are left alone, and one line says what to do', async () => {
  lock(join(project, 'package-lock.json'), 2000)
  const program = install()
  expect(await program.ended).toEqual({ code: 1, signal: null })
  expect(program.output).toMatch(/^node_modules is a link to .*: remove the link .*\n$/)
  expect(program.output).toContain(others)
  expect(existsSync(join(others, '.package-lock.json'))).toBe(true)
})

test('packages behind a link that are up to date are used', async () => {
  lock(join(project, 'package-lock.json'), 500)
  const program = install()
  expect(await program.ended).toEqual({ code: 0, signal: null })
  expect(program.output).toBe('')
})
