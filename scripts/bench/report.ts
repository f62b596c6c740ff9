/** From runs to tables: medians and spreads per load and engine, and ratios pair by pair. */
import type { EngineName, Load, Run } from './job.ts'
import { isRight, nameOf } from './job.ts'
import type { Spread } from './statistics.ts'
import { figure, shown, spreadOf } from './statistics.ts'
import type { Table } from './table.ts'

export const TITLES: Readonly<Record<EngineName, string>> = {
  ks: 'Kafka Streams',
  kafkajs: 'kafkajs',
  millrace: 'millrace',
}
const GUARANTEES = { eos: 'exactly-once', alo: 'at-least-once' }

type FigureOf = (run: Run) => number | undefined

/** The runs of one engine on one load, beside those of Kafka Streams. */
class Cell {
  readonly load: Load
  readonly engine: EngineName
  readonly runs: readonly Run[]
  readonly #reference: readonly Run[]

  constructor(load: Load, engine: EngineName, all: readonly Run[]) {
    const of = (name: EngineName): readonly Run[] =>
      all.filter((run) => run.load === load && run.engine === name)
    this.load = load
    this.engine = engine
    this.runs = of(engine)
    this.#reference = of('ks').filter(isRight)
  }

  get words(): string[] {
    return [nameOf(this.load), GUARANTEES[this.load.guarantee], TITLES[this.engine]]
  }

  get right(): readonly Run[] {
    return this.runs.filter(isRight)
  }

  spread(of: FigureOf): Spread | undefined {
    return spreadOf(this.right.map(of).filter((value) => value !== undefined))
  }

  shown(of: FigureOf): string {
    return shown(this.spread(of))
  }

  /** Kafka Streams' figure over this one's, of the same pair. */
  ratio(of: FigureOf, way: 'less is better' | 'more is better'): string {
    if (this.engine === 'ks') return ''
    const ratios: number[] = []
    for (const run of this.right) {
      const theirs = this.#reference.find(({ pair }) => pair === run.pair)
      const [one, other] = [theirs && of(theirs), of(run)]
      if (one === undefined || other === undefined) continue
      ratios.push(way === 'less is better' ? one / other : other / one)
    }
    return shown(spreadOf(ratios))
  }

  /** Instead of figures, where there are none. */
  get verdict(): string {
    const wrong = this.runs.length - this.right.length
    if (wrong > 0) return `${wrong} of ${this.runs.length} WRONG`
    return `${this.runs.length}`
  }
}

function cells(runs: readonly Run[], measure: Load['measure']): Cell[] {
  const loads = [...new Set(runs.map(({ load }) => load))].filter(
    (load) => load.measure === measure,
  )
  return loads.flatMap((load) =>
    (['ks', 'kafkajs', 'millrace'] as const)
      .map((engine) => new Cell(load, engine, runs))
      .filter((cell) => cell.runs.length > 0),
  )
}

const steadyCpu: FigureOf = ({ result }) => result.steadyCpuSPerM
const steadyRate: FigureOf = ({ result }) => result.steadyRecordsPerS

function drained(runs: readonly Run[]): Table {
  return {
    title:
      'Throughput: steady state after the first quarter, whole process; × is Kafka Streams = 1',
    columns: [
      ...['load', 'guarantee', 'engine', 'runs', 'CPU s per million', 'cheaper ×'],
      ...['records/s', 'faster ×', 'peak MB', 'first output s'],
    ],
    words: 3,
    rows: cells(runs, 'drain').map((cell) => [
      ...cell.words,
      cell.verdict,
      cell.shown(steadyCpu),
      cell.ratio(steadyCpu, 'less is better'),
      cell.shown(steadyRate),
      cell.ratio(steadyRate, 'more is better'),
      cell.shown(({ result }) => result.peakMb),
      cell.shown(({ result }) => result.firstOutputS),
    ]),
  }
}

function delayed(runs: readonly Run[]): Table {
  return {
    title:
      'Latency at a steady rate, ms: append is broker time to broker time, end to end until it is read',
    columns: [
      ...['load', 'guarantee', 'engine', 'runs', 'records/s', 'append p50', 'append p99'],
      ...['end to end p50', 'end to end p99', 'p99.9', 'CPU s per million', 'cheaper ×'],
    ],
    words: 3,
    rows: cells(runs, 'latency').map((cell) => [
      ...cell.words,
      cell.verdict,
      figure(cell.load.rate),
      cell.shown(({ result }) => result.appendMs?.p50),
      cell.shown(({ result }) => result.appendMs?.p99),
      cell.shown(({ result }) => result.endToEndMs?.p50),
      cell.shown(({ result }) => result.endToEndMs?.p99),
      cell.shown(({ result }) => result.endToEndMs?.p999),
      cell.shown(({ result }) => result.cpuSPerM),
      cell.ratio(({ result }) => result.cpuSPerM, 'less is better'),
    ]),
  }
}

function restored(runs: readonly Run[]): Table {
  return {
    title:
      'Start until running, seconds: from nothing (all rows from the changelog), and with the state kept',
    columns: [
      ...['load', 'guarantee', 'engine', 'runs', 'rows', 'from nothing', 'faster ×', 'kept'],
      ...['CPU s from nothing', 'peak MB'],
    ],
    words: 3,
    rows: cells(runs, 'restore').map((cell) => [
      ...cell.words,
      cell.verdict,
      figure(cell.load.records),
      cell.shown(({ result }) => result.wiped?.toRunningS),
      cell.ratio(({ result }) => result.wiped?.toRunningS, 'less is better'),
      cell.shown(({ result }) => result.kept?.toRunningS),
      cell.shown(({ result }) => result.wiped?.cpuS),
      cell.shown(({ result }) => result.wiped?.peakMb),
    ]),
  }
}

/** Only tables that have a row. */
export function tablesOf(runs: readonly Run[]): Table[] {
  return [drained(runs), delayed(runs), restored(runs)].filter(({ rows }) => rows.length > 0)
}
