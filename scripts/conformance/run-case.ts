/** Runs one recorded case through the test driver, and says where it differs. */
import { isDeepStrictEqual } from 'node:util'
import type { ErrorPolicies, KeyValueQuery, KTable, Row, WindowQuery } from 'millrace'
import type { TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import { messageOf } from '../../lib/core/errors.ts'
import { COMMIT_EACH_RECORD } from '../../lib/testing/driver/driver-engine.ts'
import type { DriverCase, Outcome, RecordCase, StepCase, StoreRowCase } from './cases.ts'
import { MissingOperator } from './cases.ts'
import type { CaseProgram } from './program.ts'
import { programOf } from './program.ts'

type Output = TestOutput<unknown, unknown>

export async function runCase(of: DriverCase): Promise<Outcome> {
  if (of.topology_description?.startsWith('QUIRK') === true)
    return { result: 'skipped', why: 'a quirk of Kafka Streams, which is not required' }
  let program: CaseProgram
  try {
    program = programOf(of)
  } catch (error) {
    if (error instanceof MissingOperator) return { result: 'skipped', why: error.operator }
    throw error
  }
  const driver = new TopologyTestDriver(program.topology, {
    now: of.params?.start_wall_clock_ms ?? 0,
    errors: policiesOf(of),
    // Kafka Streams' own driver, which the cases were recorded with, does so.
    ...{ [COMMIT_EACH_RECORD]: true },
  })
  try {
    const why = await differences(of, program, driver)
    return why === undefined ? { result: 'passed' } : { result: 'failed', why }
  } finally {
    await driver.close()
  }
}

function policiesOf(of: DriverCase): ErrorPolicies {
  return {
    // Records without a usable time are dropped and counted there.
    decode: ({ code }) => (code === 'INVALID_TIMESTAMP' ? 'skip' : 'fail'),
    process: of.params?.processing_exception_handler === 'continue' ? 'skip' : 'fail',
  }
}

async function differences(
  of: DriverCase,
  program: CaseProgram,
  driver: TopologyTestDriver,
): Promise<string | undefined> {
  const outputs = new Map<string, Output>()
  for (const [topic, serdes] of program.outputs) outputs.set(topic, driver.output(topic, serdes))
  for (const [at, step] of of.steps.entries()) {
    const error = await take(step, program, driver)
    const failed = error !== undefined
    if (failed !== (step.expected_error !== undefined))
      return `step ${at}: ${failed ? `failed: ${messageOf(error)}` : 'was to fail and did not'}`
    for (const [topic, output] of outputs) {
      const expected = step.expected_outputs.filter((record) => record.topic === topic)
      const why = compare(expected, output, of.order_within_step ?? 'exact')
      if (why !== undefined) return `step ${at}, topic ${topic}: ${why}`
    }
  }
  // A task that failed has nothing to ask.
  if (of.steps.at(-1)?.expected_error !== undefined) return undefined
  for (const [store, rows] of Object.entries(of.final_stores ?? {})) {
    const table = program.stores.get(store)
    const why = table === undefined ? undefined : await compareRows(rows, driver, table)
    if (why !== undefined) return `store ${store}: ${why}`
  }
  return undefined
}

/** Rows as sets; their timestamps are not in a query's answer. */
async function compareRows(
  expected: readonly StoreRowCase[],
  driver: TopologyTestDriver,
  table: CaseTable,
): Promise<string | undefined> {
  const rows: StoreRowCase[] = []
  for await (const { key, value } of rowsOf(driver.store(table))) {
    const { key: inner, start } = plain(key)
    rows.push(start === undefined ? { key: inner, value } : { key: inner, start, value })
  }
  const wanted = expected.map(({ key, start, value }) =>
    start === undefined ? { key, value } : { key, start, value },
  )
  if (isDeepStrictEqual(sort(rows), sort(wanted))) return undefined
  return `expected ${JSON.stringify(wanted)}, got ${JSON.stringify(rows)}`
}

type CaseTable = KTable<unknown, unknown>

/** A table by windows answers as a window store does, which the type of its key does not say. */
function rowsOf(query: object): AsyncIterable<Row<unknown, unknown>> {
  return 'fetchAll' in query
    ? (query as WindowQuery<unknown, unknown, 'time'>).fetchAll()
    : (query as KeyValueQuery<unknown, unknown>).range()
}

/** Returns what it failed with. */
async function take(
  step: StepCase,
  program: CaseProgram,
  driver: TopologyTestDriver,
): Promise<unknown> {
  const { input, advance_wall_clock_ms: advance } = step
  try {
    if (advance !== undefined) await driver.advanceWallClock(advance)
    if (input === undefined) return undefined
    const serdes = program.inputs.get(input.topic)
    if (serdes === undefined) throw new RangeError(`no source reads topic ${input.topic}`)
    await driver.input(input.topic, serdes).pipe({
      key: input.key,
      value: input.value,
      timestamp: input.ts,
      headers: headersOf(input),
    })
    return undefined
  } catch (error) {
    return error
  }
}

/** `{ name: value }` pairs, or lists of two. */
function headersOf({ headers = [] }: RecordCase): readonly (readonly [string, string | null])[] {
  const entries: (readonly [string, string | null])[] = []
  for (const header of headers) {
    if (!Array.isArray(header)) continue
    const [name, value]: readonly unknown[] = header
    entries.push([String(name), value === null ? null : String(value)])
  }
  return entries
}

function compare(
  expected: readonly RecordCase[],
  output: Output,
  order: 'exact' | 'any',
): string | undefined {
  const told = output
    .readAll()
    .map(({ key, value, timestamp }) => ({ ...plain(key), value, ts: timestamp }))
  const wanted = expected.map(({ key, value, ts }) => ({ ...plain(key), value, ts }))
  const same =
    order === 'exact'
      ? isDeepStrictEqual(told, wanted)
      : isDeepStrictEqual(sort(told), sort(wanted))
  if (same) return undefined
  return `expected ${JSON.stringify(wanted)}, got ${JSON.stringify(told)}`
}

function sort(records: readonly object[]): readonly string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}

/** A key, with its window if it has one. */
function plain(key: unknown): {
  readonly key: unknown
  readonly start?: number
  readonly end?: number
} {
  const isWindowed = typeof key === 'object' && key !== null && 'start' in key && 'end' in key
  if (!isWindowed) return { key }
  return { key: 'key' in key ? key.key : undefined, start: Number(key.start), end: Number(key.end) }
}
