/** The README's programs, as they stand there: compiled, tested with the driver, and run. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from 'millrace/broker'
import { Program } from '../support/program.ts'

const root = join(__dirname, '../..')
// Inside the repository, so that `millrace` means its source; not in git.
const folder = join(root, 'build/readme')
const node = ['--import', join(root, 'scripts/strip-types.mjs'), '--conditions=millrace-source']
const FIRST_TOPOLOGY_LINES = 20

const text = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, file = '', code = '']) => [file, code] as const,
  ),
)

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [file, code] of blocks) writeFileSync(join(folder, file), code)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the README', () => {
  test('has a first topology, a program that runs it and a test', () => {
    expect([...blocks.keys()]).toEqual(['page-views.ts', 'app.ts', 'page-views.test.ts'])
    const code = blocks.get('page-views.ts') ?? ''
    const topology = code.slice(code.indexOf('export function')).trim().split('\n')
    expect(topology.length).toBeLessThanOrEqual(FIRST_TOPOLOGY_LINES)
  })

  test('compiles under the project’s own options', () => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: { noEmit: true, typeRoots: ['../../node_modules/@types'] },
        include: ['*.ts'],
      }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  test('has a test that passes', () => {
    const file = join(folder, 'page-views.test.ts')
    const printed = execFileSync(process.execPath, [...node, '--test', file], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(printed).toMatch(/^# pass 1$/m)
  })

  test('has a program that runs and ends with SIGTERM', async () => {
    const broker = await startBroker({ port: 0 })
    const kafka = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({
      topics: [{ topic: 'clicks' }, { topic: 'views-per-minute' }],
      waitForLeaders: true,
    })
    const env = { KAFKA_BROKERS: broker.brokers.join(','), MILLRACE_LOG: 'info' }
    // Its state lies where it runs, and goes with the folder.
    const program = new Program(process.execPath, [...node, 'app.ts'], env, folder)
    try {
      await program.prints(/joined the group/)
      program.signal('SIGTERM')
      expect(await program.ended).toEqual({ code: 0, signal: null })
    } finally {
      await program.kill()
      await admin.disconnect()
      await broker.stop()
    }
  })
})
