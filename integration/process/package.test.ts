/** What `npm pack` makes, as a stranger installs it: into an empty folder, without scripts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

const MAX_BYTES = 30_000_000
const root = join(__dirname, '../..')

let dir = ''

function run(command: string, args: readonly string[], cwd = dir): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? bytesIn(path) : statSync(path).size)
  }, 0)
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  // A copy of node_modules is not needed: the tarball brings only what `files` names.
  run('npm', ['pack', '--silent', '--pack-destination', dir], root)
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'stranger', private: true }))
  const tarball = readdirSync(dir).find((file) => file.endsWith('.tgz')) ?? 'no tarball'
  run('npm', [
    'install',
    '--ignore-scripts',
    '--engine-strict',
    '--no-audit',
    '--no-fund',
    `./${tarball}`,
  ])
}, 240_000)

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the package', () => {
  const uses = `
    const builder = new StreamsBuilder()
    builder.stream('in', { value: serdes.string }).to('out')
    console.log(typeof startBroker, typeof TopologyTestDriver, builder.build().describe('text').length > 0)
  `

  test('works from import, through every door', () => {
    writeFileSync(
      join(dir, 'use.mjs'),
      `import { StreamsBuilder, serdes } from 'millrace'
       import { startBroker } from 'millrace/broker'
       import { TopologyTestDriver } from 'millrace/testing'
       ${uses}`,
    )
    expect(run(process.execPath, ['use.mjs'])).toBe('function function true\n')
  })

  test('works from require, through every door', () => {
    writeFileSync(
      join(dir, 'use.cjs'),
      `const { StreamsBuilder, serdes } = require('millrace')
       const { startBroker } = require('millrace/broker')
       const { TopologyTestDriver } = require('millrace/testing')
       ${uses}`,
    )
    expect(run(process.execPath, ['--no-warnings', 'use.cjs'])).toBe('function function true\n')
  })

  test('has types for every door', () => {
    writeFileSync(
      join(dir, 'use.mts'),
      `import { StreamsBuilder, serdes } from 'millrace'
       import type { Broker } from 'millrace/broker'
       import type { TopologyTestDriver } from 'millrace/testing'
       const stream = new StreamsBuilder().stream('in', { value: serdes.string })
       // @ts-expect-error a number is no string
       stream.filter((value) => value > 1n * value)
       export const both = (broker: Broker, driver: TopologyTestDriver) => [broker, driver]`,
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const types = join(root, 'node_modules/@types')
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023']
    run(process.execPath, [tsc, ...flags, '--types', 'node', '--typeRoots', types, 'use.mts'])
  })

  test('is at most 30 MB with everything that it needs', () => {
    expect(bytesIn(join(dir, 'node_modules'))).toBeLessThanOrEqual(MAX_BYTES)
  })
})
