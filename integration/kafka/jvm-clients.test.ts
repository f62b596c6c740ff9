/** The JVM's own clients against the embedded broker: producer, transactions, consumer, group, admin. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Broker } from '../../lib/broker.ts'
import { startBroker } from '../../lib/broker.ts'

const KIT = join(__dirname, '../../scripts/kafka/kafka.mjs')

let broker: Broker

/** A verb of the kit, asked of the embedded broker; the lines that it prints. */
async function kit(
  args: readonly string[],
  input: readonly object[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const all = [KIT, ...args, '--bootstrap', broker.address]
  const child = spawn(process.execPath, all, { stdio: ['pipe', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString()
  })
  child.stdin.end(input.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const values = (lines: readonly Record<string, unknown>[]) => lines.map(({ value }) => value)

beforeAll(async () => {
  broker = await startBroker()
  await kit(['topic', 'create', 'in', '--config', 'cleanup.policy=compact'])
})

afterAll(() => broker.stop())

test('topics with their settings', async () => {
  expect(await kit(['topic', 'describe', 'in'])).toMatchObject([
    { topic: 'in', config: { 'cleanup.policy': 'compact' }, partitions: [{ partition: 0 }] },
  ])
})

test('an idempotent producer in every compression, a consumer that reads it all', async () => {
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
  await kit(['topic', 'create', 'codecs'])
  for (const codec of codecs)
    await kit(
      ['load', 'codecs', '--compression', codec],
      Array.from({ length: 100 }, () => ({ key: 'k', value: codec })),
    )
  expect(values(await kit(['dump', 'codecs']))).toEqual(
    codecs.flatMap((codec) => Array.from({ length: 100 }, () => codec)),
  )
})

test('transactions with aborts, seen by read_committed and read_uncommitted', async () => {
  const lines = [
    { key: 'a', value: 'one' },
    { commit: true },
    { key: 'b', value: 'two' },
    { abort: true },
    { key: 'c', value: 'three' },
    { commit: true },
  ]
  expect(await kit(['load', 'in', '--transactional', 'jvm'], lines)).toMatchObject([
    { sent: 3, committed: 2, aborted: 1, failed: 0 },
  ])
  expect(values(await kit(['dump', 'in', '--committed', '--settle', '5000']))).toEqual([
    'one',
    'three',
  ])
  expect(values(await kit(['dump', 'in']))).toEqual(['one', 'two', 'three'])
  expect(await kit(['offsets', 'in'])).toMatchObject([{ begin: 0, stable: 6, end: 6 }])
})

test('a group member that commits what it read', async () => {
  const read = async () =>
    values(await kit(['dump', 'in', '--group', 'jvm', '--committed', '--settle', '1500']))
  expect(await read()).toEqual(['one', 'three'])
  expect(await read()).toEqual([])
  await kit(['load', 'in'], [{ key: 'd', value: 'four' }])
  expect(await read()).toEqual(['four'])
  expect(await kit(['groups', 'jvm'])).toMatchObject([{ state: 'Empty', offsets: [{ lag: 0 }] }])
})
