/** Runs the cases group by group, and prints nanoseconds per record: the median, and how it spreads. */
import { Bench } from 'tinybench'
import { textOf } from '../table.ts'
import type { Case } from './case.ts'
import { codec } from './codec.ts'
import { operators } from './operators.ts'
import { SCAN, serdes, WITHOUT_SCAN } from './serdes.ts'
import { stores } from './stores.ts'

const NS_PER_MS = 1e6
const TIME_MS = 1000
const WARMUP_MS = 500

const words = process.argv.slice(2)
/** The fastest call of each: what others do on the machine is not in it. */
const least = new Map<string, number>()

function wanted({ name }: Case): boolean {
  return words.length === 0 || words.some((word) => name.includes(word))
}

async function timed({ name, records, run }: Case): Promise<string[]> {
  const bench = new Bench({ time: TIME_MS, warmupTime: WARMUP_MS, throws: true })
  bench.add(name, run)
  const [task] = await bench.run()
  const result = task?.result
  if (result?.state !== 'completed') throw new Error(`${name} did not run: ${result?.state}`)
  const { p50, min, p99 } = result.latency
  least.set(name, min)
  const each = (ms: number): string => ((ms * NS_PER_MS) / records).toFixed(0)
  return [
    name,
    each(p50),
    each(min),
    each(p99),
    Math.round((records / p50) * 1000).toLocaleString('en-US'),
  ]
}

async function main(): Promise<void> {
  const rows: string[][] = []
  for (const group of [codec, serdes, operators, stores]) {
    const { cases, close } = await group()
    for (const one of cases.filter(wanted)) {
      rows.push(await timed(one))
      process.stderr.write(`${rows.at(-1)?.slice(0, 2).join(': ')} ns\n`)
    }
    await close()
  }
  const columns = ['part', 'ns a record', 'least', 'p99', 'records/s']
  process.stdout.write(`\n${textOf({ title: 'Microbenchmarks', columns, rows, words: 1 })}`)
  const [scan, read] = [least.get(SCAN), least.get(WITHOUT_SCAN)]
  if (scan !== undefined && read !== undefined)
    process.stdout.write(
      `The scan for unsafe integers adds ${((scan / read) * 100).toFixed(1)} % to a JSON read by JSON.parse.\n`,
    )
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as { stack?: unknown }).stack ?? error)}\n`)
  process.exitCode = 1
})
