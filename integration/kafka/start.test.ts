/**
 * `npm start -- NAME --brokers HOST:PORT` on a real Kafka, twice in a row: the second run finds the
 * topics, offsets and state of the first. The examples' topics have plain names, so this needs a
 * broker of its own, and never touches one that a user named.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { kafkaOf } from '../support/kafka.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { Program } from '../support/program.ts'

const hasKit = process.env.KAFKA_KIT !== undefined
if (!hasKit)
  process.stderr.write('NOT RUN: npm start on Kafka: KAFKA_KIT does not say how to start one\n')

/** What each prints for a row. */
const EXAMPLES: readonly (readonly [name: string, row: RegExp])[] = [
  ['page-views', /^\d{4}-\d\d-\d\d \d\d:\d\d\t\/\w+\t\d+$/m],
  ['word-count', /^\w+\t\d+$/m],
  ['dedup-per-user', /^\w\t\d+$/m],
  ['click-enrichment', /^user-\d+\t\{.*"country":/m],
  ['orders-payments', /^order-\d+-\d+\t\{"order"/m],
]

let kafka: OwnKafka | undefined
let brokers: readonly string[] = []
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-start-'))

beforeAll(async () => {
  if (!hasKit) return
  kafka = await OwnKafka.start()
  brokers = kafka.brokers
}, 120_000)

afterAll(() => {
  kafka?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

/** Runs until it has printed a row, then Ctrl-C; gives how many records it read. */
async function run(name: string, row: RegExp): Promise<number> {
  const args = ['scripts/start.mjs', name, '--brokers', brokers.join(','), '--state', stateDir]
  const program = new Program(process.execPath, args)
  try {
    await program.prints(row)
    // The figures come now and then: a run that is ended before them would not show what it read.
    await program.prints(/^# running · .* [1-9]\d* read,/m)
    program.interrupt()
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(program.output).toContain(`Kafka at ${brokers.join(',')}\n`)
    return Number(/^read (\d+) records and wrote \d+ in \d+ commits/m.exec(program.output)?.[1])
  } finally {
    await program.kill()
  }
}

async function groupState(name: string): Promise<string | undefined> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  const { groups } = await admin.describeGroups([name])
  await admin.disconnect()
  return groups[0]?.state
}

const define = hasKit ? test : test.skip
define.each(EXAMPLES)('npm start -- %s runs on Kafka, and again', async (name, row) => {
  expect(await run(name, row)).toBeGreaterThan(0)
  // It has left the group, so that the next one need not wait for its session to end.
  expect(await groupState(name)).toBe('Empty')
  expect(await run(name, row)).toBeGreaterThan(0)
})
