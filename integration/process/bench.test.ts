/** The benchmark's workloads give right answers, and its runner does what a harness needs of it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import type { Broker } from 'millrace/broker'
import { startBroker } from 'millrace/broker'
import { Program } from '../support/program.ts'

const root = join(__dirname, '../..')
const SOURCE = ['--import=./scripts/strip-types.mjs', '--conditions=millrace-source']
const BASE = 1_700_000_000_000

interface Event {
  readonly id: number
  readonly ts: number
  readonly key: string
  readonly amount: number
}
type Pair = readonly [key: string, value: string]
type Given = readonly [topic: string, key: string, value: string, timestamp: number]
interface Input {
  readonly topics: readonly string[]
  readonly records: readonly Given[]
}

/** 100 events of 7 keys over 20 seconds. */
const events: readonly Event[] = Array.from({ length: 100 }, (_, at) => ({
  id: at,
  ts: BASE + at * 200,
  key: `k${(at * 5) % 7}`,
  amount: (at * 31) % 17,
}))
const lines = events.map(({ id, ts }) => ({ id, ts, text: `word${id % 3} word${id % 5} word7` }))
/** Every fourth has the id and the key of the one before. */
const repeats = events.map((event, at) => ({ ...event, ...(at % 4 === 3 ? idOf(at - 1) : {}) }))
const table = ['k1', 'k2', 'k3'].map((key, at) => ({ id: at, ts: BASE - 1000, key, amount: 1000 }))
const rights = events.filter((_, at) => at % 3 === 0)

function idOf(at: number): { readonly id: number; readonly key: string } {
  return { id: at, key: events[at]?.key ?? '' }
}

const given = (topic: string, of: Event): Given => [topic, of.key, JSON.stringify(of), of.ts]
const one = (list: readonly Event[]): Input => ({
  topics: ['in'],
  records: list.map((event) => given('in', event)),
})
const json = (of: Event, amount = of.amount): Pair => [of.key, JSON.stringify({ ...of, amount })]

const usual = one(events)
const words: Input = {
  topics: ['in'],
  records: lines.map((line) => ['in', 'line', JSON.stringify(line), line.ts]),
}
const rows: Input = {
  topics: ['in'],
  records: Array.from({ length: 2000 }, (_, at) => ['in', `row${at % 1000}`, `${at}`, BASE + at]),
}
const inputs: Readonly<Record<string, Input>> = {
  'w1-bytes': usual,
  'w1-json': usual,
  w2: usual,
  w3: words,
  count: usual,
  'w4-tumble': usual,
  'w4-hop': usual,
  'w4-hop100': usual,
  'w5-st': {
    topics: ['in', 'table'],
    records: [
      ...table.map((row) => given('table', row)),
      ...events.map((event) => given('in', event)),
    ],
  },
  'w5-ss': {
    topics: ['left', 'right'],
    records: [
      ...events.map((event) => given('left', event)),
      ...rights.map((event) => given('right', event)),
    ].sort((some, other) => some[3] - other[3]),
  },
  w8: one(repeats),
  restore: rows,
}

/** Counts so far, each as it changes. */
function changes(keys: readonly string[]): Pair[] {
  const counts = new Map<string, number>()
  return keys.map((key) => {
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return [key, String(count)]
  })
}

function windows(sizeMs: number, advanceMs: number): Pair[] {
  const keys = events.flatMap(({ key, ts }) => {
    const starts: string[] = []
    for (let start = ts - (ts % advanceMs); start > ts - sizeMs; start -= advanceMs)
      starts.push(`${key}@${start}`)
    return starts
  })
  return changes(keys)
}

function sums(): Pair[] {
  const bySum = new Map<string, number>()
  return events.map(({ key, amount }) => {
    const sum = (bySum.get(key) ?? 0) + amount
    bySum.set(key, sum)
    return [key, String(sum)]
  })
}

/** Every record that must come out, in no order. */
const exactly: Readonly<Record<string, readonly Pair[]>> = {
  'w1-bytes': events.map((event) => json(event)),
  'w1-json': events.map((event) => json(event, event.amount + 1)),
  w2: sums(),
  count: changes(events.map(({ key }) => key)),
  'w5-st': events
    .filter(({ key }) => table.some((row) => row.key === key))
    .map((event) => json(event, event.amount + 1000)),
  'w5-ss': events.flatMap((left) =>
    rights
      .filter(({ key, ts }) => key === left.key && Math.abs(ts - left.ts) <= 10_000)
      .map((right): Pair => [left.key, `${left.id},${right.id}`]),
  ),
  w8: repeats.filter((_, at) => at % 4 !== 3).map((event) => json(event)),
  restore: [
    ['row999', '999'],
    ['row999', '999'],
  ],
}
const finals: Readonly<Record<string, readonly Pair[]>> = {
  w3: changes(lines.flatMap(({ text }) => text.split(' '))),
  'w4-tumble': windows(10_000, 10_000),
  'w4-hop': windows(1000, 500),
  'w4-hop100': windows(100_000, 1000),
}

describe('through the test driver', () => {
  let answers: Readonly<Record<string, readonly Pair[]>> = {}

  beforeAll(() => {
    const { stdout } = spawnSync(
      process.execPath,
      [...SOURCE, 'integration/support/bench-answers.mjs'],
      { cwd: root, input: JSON.stringify(inputs), encoding: 'utf8', stdio: ['pipe', 'pipe', 2] },
    )
    answers = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as typeof answers
  })

  test.each(Object.keys(exactly))('%s gives each record that it must', (workload) => {
    expect([...(answers[workload] ?? [])].sort()).toEqual([...(exactly[workload] ?? [])].sort())
  })

  test.each(Object.keys(finals))('%s ends in the right count of each key', (workload) => {
    const found = Object.fromEntries(answers[workload] ?? [])
    expect(found).toEqual(Object.fromEntries(finals[workload] ?? []))
  })
})

describe.each(['eos', 'alo'])('millrace.sh under %s', (guarantee) => {
  const expected = Object.fromEntries(finals.w3 ?? [])
  let dir = ''
  let broker: Broker
  let kafka: Kafka
  let runner: Program | undefined

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    broker = await startBroker({ port: 0 })
    kafka = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    // Event times are of long ago: with the usual retention the records would be gone at once.
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({
      topics: ['in', 'out'].map((topic) => ({ topic, configEntries })),
    })
    await admin.disconnect()
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({
      topic: 'in',
      messages: words.records.map(([, key, value, at]) => ({ key, value, timestamp: String(at) })),
    })
    await producer.disconnect()
  })

  afterAll(async () => {
    await runner?.kill()
    await broker.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  /** Resolves when the counts in the output are the right ones. */
  async function counted(): Promise<void> {
    const consumer = kafka.consumer({ groupId: 'reader', readUncommitted: false })
    await consumer.connect()
    await consumer.subscribe({ topics: ['out'], fromBeginning: true })
    const found: Record<string, string> = {}
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message: { key, value } }) => {
            found[String(key)] = String(value)
            const right = Object.keys(expected).every((word) => found[word] === expected[word])
            if (right) resolve()
          },
        })
        .catch(reject)
    })
    expect(found).toEqual(expected)
    await consumer.disconnect()
  }

  test('says where it is, counts words to the end, and ends with SIGTERM', async () => {
    const program = new Program('sh', ['scripts/bench/millrace.sh'], {
      BENCH_NODE_OPTIONS: SOURCE.join(' '),
      BENCH_BROKERS: broker.address,
      BENCH_WORKLOAD: 'w3',
      BENCH_GUARANTEE: guarantee,
      BENCH_APP_ID: `bench-${guarantee}`,
      BENCH_IN: 'in',
      BENCH_OUT: 'out',
      BENCH_STATE_DIR: dir,
      BENCH_PARTITIONS: '1',
      BENCH_COMMIT_MS: '100',
      BENCH_MARK: '25',
      BENCH_LAST: '100',
    })
    runner = program
    for (const word of ['RUNNING', 'FIRST', 'MARK', 'LAST'])
      await program.prints(new RegExp(`^@${word}$`, 'm'))
    await counted()
    program.signal('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
  })
})
