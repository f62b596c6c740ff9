import { describe, expect, test } from '@jest/globals'
import type { EngineName, Load, Result, Run } from './job.ts'
import { tablesOf } from './report.ts'

const load: Load = {
  measure: 'drain',
  workload: 'w3',
  guarantee: 'eos',
  records: 1000,
  partitions: 1,
  keys: 10_000,
  processes: 1,
  timeoutS: 60,
  rate: 0,
  seconds: 0,
  warmUpS: 0,
}

function run(engine: EngineName, pair: number, result: Partial<Result>, of = load): Run {
  return { load: of, engine, pair, result: { at: '', ...result } }
}

/** By engine, its row as an object of columns. */
function rows(runs: readonly Run[], table = 0): Record<string, Record<string, string>> {
  const found = tablesOf(runs)[table]
  const byColumn = (row: readonly string[]): Record<string, string> =>
    Object.fromEntries(found?.columns.map((column, at) => [column, row[at] ?? '']) ?? [])
  return Object.fromEntries((found?.rows ?? []).map((row) => [row[2] ?? '', byColumn(row)]))
}

describe('ratios', () => {
  const pairs = [
    run('ks', 0, { steadyCpuSPerM: 10, steadyRecordsPerS: 100 }),
    run('millrace', 0, { steadyCpuSPerM: 5, steadyRecordsPerS: 300 }),
    run('millrace', 1, { steadyCpuSPerM: 10, steadyRecordsPerS: 100 }),
    run('ks', 1, { steadyCpuSPerM: 40, steadyRecordsPerS: 100 }),
  ]

  test('are of the same pair, above 1 where Kafka Streams takes more or does less', () => {
    const { 'Kafka Streams': ks, millrace } = rows(pairs)
    expect(millrace?.['cheaper ×']).toBe('3.00 (2.00–4.00)')
    expect(millrace?.['faster ×']).toBe('2.00 (1.00–3.00)')
    expect(ks?.['cheaper ×']).toBe('')
  })

  test('are a dash when the other half of each pair is missing or wrong', () => {
    const alone = [run('millrace', 0, { steadyCpuSPerM: 5 })]
    expect(rows(alone).millrace?.['cheaper ×']).toBe('–')
    const wrong = run('ks', 0, { steadyCpuSPerM: 10, wrong: 'one output too many' })
    expect(rows([...alone, wrong]).millrace?.['cheaper ×']).toBe('–')
  })
})

test('a wrong answer has no figures, and shows', () => {
  const runs = [
    run('millrace', 0, { steadyCpuSPerM: 5, wrong: null }),
    run('millrace', 1, { steadyCpuSPerM: 1, wrong: '3 of 7 keys are wrong' }),
  ]
  expect(rows(runs).millrace).toMatchObject({ runs: '1 of 2 WRONG', 'CPU s per million': '5.00' })
})

test('each measure has a table of its own, and a load that is not as usual says so', () => {
  const latency = { ...load, measure: 'latency', workload: 'count', rate: 10_000 } as const
  const restore = { ...load, measure: 'restore', workload: 'restore', partitions: 10 } as const
  const of = { p50: 1, p95: 2, p99: 3, p999: 4, max: 5 }
  const runs = [
    run('millrace', 0, { appendMs: of, endToEndMs: { ...of, p99: 30 } }, latency),
    run('ks', 0, { wiped: { toRunningS: 9, cpuS: 1, peakMb: 1 } }, restore),
    run('millrace', 0, { wiped: { toRunningS: 3, cpuS: 1, peakMb: 1 } }, restore),
  ]
  expect(tablesOf(runs).length).toBe(2)
  expect(rows(runs, 0).millrace).toMatchObject({ load: 'latency count', 'end to end p99': '30.0' })
  expect(rows(runs, 1).millrace).toMatchObject({
    load: 'restore, 10 partitions',
    'faster ×': '3.00',
  })
})
