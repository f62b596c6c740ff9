/** The command line of `npm run bench`, and the loads that it asks for. */
import { parseArgs } from 'node:util'
import type { EngineName, Guarantee, Load, Measure } from './job.ts'
import { DEFAULT_KEYS } from './job.ts'

/** Records of each workload: so many that Kafka Streams needs ten seconds or more. */
const RECORDS: Readonly<Record<string, number>> = {
  'w1-bytes': 2_000_000,
  'w1-json': 2_000_000,
  w2: 1_000_000,
  w3: 400_000,
  'w4-tumble': 1_000_000,
  'w4-hop': 1_000_000,
  'w4-hop100': 50_000,
  'w5-st': 1_000_000,
  'w5-ss': 400_000,
  w8: 500_000,
}
const RESTORED_ROWS = 1_000_000
const LATENCIES = ['pass', 'count']

/** What fits into five minutes: less of everything, and what is most telling first. */
const QUICK = ['w1-json', 'w3', 'w4-tumble', 'w1-bytes', 'w2', 'w5-st', 'w8', 'w4-hop']
const QUICK_SHARE = 8
export const QUICK_S = 285

export const HELP: string = `npm run bench [-- OPTIONS]
  --quick               a few workloads, once, with little input: within 5 minutes
  --only NAMES          of ${[...Object.keys(RECORDS), 'latency', 'restore'].join(', ')}
  --guarantee eos|alo   exactly-once (commit every 100 ms) or at-least-once (every second); both
  --engines NAMES       of ks, kafkajs, millrace; all. kafkajs has some workloads, at-least-once
  --pairs N             how often each engine runs; 3
  --records N           instead of each workload's own number
  --partitions N,…      1
  --keys N,…            different keys of w1, w2, w4; ${DEFAULT_KEYS}
  --processes N         that share the work of an engine; 1
  --rate N --seconds N  of latency; 10000 a second for 30 seconds
  --timeout SECONDS     of one run; 300
  --wait-quiet SECONDS  wait so long for a moment in which nobody else uses the machine; 0
  --brokers HOST:PORT   a broker that is there, instead of one of its own
  --no-pin              let everything use all cores, instead of the engine one of its own
  --profile             millrace alone, with a CPU profile of each workload
  --markdown            tables in Markdown
  --json FILE           every run, as JSON`

export interface Options {
  readonly loads: readonly Load[]
  readonly engines: readonly EngineName[]
  readonly pairs: number
  /** Seconds from the start of the command after which no run begins. */
  readonly endS: number | undefined
  readonly waitQuietS: number
  readonly brokers: string | undefined
  readonly pin: boolean
  readonly profile: boolean
  readonly markdown: boolean
  readonly json: string | undefined
}

/** Throws for what it does not know, with a text for whoever typed it. `undefined`: help is wanted. */
export function optionsOf(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      only: text,
      guarantee: text,
      engines: { ...text, default: 'ks,kafkajs,millrace' },
      pairs: text,
      records: text,
      partitions: { ...text, default: '1' },
      keys: { ...text, default: String(DEFAULT_KEYS) },
      processes: { ...text, default: '1' },
      rate: { ...text, default: '10000' },
      seconds: { ...text, default: '30' },
      timeout: { ...text, default: '300' },
      'wait-quiet': { ...text, default: '0' },
      brokers: text,
      'no-pin': flag,
      profile: flag,
      markdown: flag,
      json: text,
      help: flag,
    },
  })
  if (values.help) return undefined
  const once = values.quick || values.profile ? '1' : '3'
  return {
    loads: loadsOf(values),
    engines: values.profile ? ['millrace'] : enginesOf(values.engines),
    pairs: count('pairs', values.pairs ?? once),
    endS: values.quick ? QUICK_S : undefined,
    waitQuietS: Number(values['wait-quiet']),
    brokers: values.brokers,
    pin: !values['no-pin'],
    profile: values.profile,
    markdown: values.markdown,
    json: values.json,
  }
}

interface LoadOptions {
  readonly quick: boolean
  readonly only?: string | undefined
  readonly guarantee?: string | undefined
  readonly records?: string | undefined
  readonly partitions: string
  readonly keys: string
  readonly processes: string
  readonly rate: string
  readonly seconds: string
  readonly timeout: string
}

function loadsOf(values: LoadOptions): Load[] {
  const names = values.only?.split(',') ?? (values.quick ? QUICK : allNames())
  const guarantees = guaranteesOf(values.guarantee ?? (values.quick ? 'eos' : undefined))
  const loads: Load[] = []
  for (const name of names)
    for (const guarantee of guarantees)
      for (const partitions of counts('partitions', values.partitions))
        for (const keys of counts('keys', values.keys))
          loads.push(...named(name, { guarantee, partitions, keys }, values))
  return loads
}

function allNames(): string[] {
  return [...Object.keys(RECORDS), 'latency', 'restore']
}

type Shape = Pick<Load, 'guarantee' | 'partitions' | 'keys'>

function named(name: string, shape: Shape, values: LoadOptions): Load[] {
  const load = (measure: Measure, workload: string, usual: number): Load => ({
    measure,
    workload,
    ...shape,
    records: count(
      'records',
      values.records ?? String(Math.ceil(usual / (values.quick ? QUICK_SHARE : 1))),
    ),
    processes: count('processes', values.processes),
    timeoutS: count('timeout', values.timeout),
    rate: count('rate', values.rate),
    seconds: count('seconds', values.seconds),
    warmUpS: Math.ceil(count('seconds', values.seconds) / 2),
  })
  const alone = { partitions: 1, processes: 1, keys: DEFAULT_KEYS }
  if (name === 'latency')
    return LATENCIES.map((workload) => ({ ...load('latency', workload, 1), ...alone }))
  if (name === 'restore') return [{ ...load('restore', 'restore', RESTORED_ROWS), ...alone }]
  const records = RECORDS[name]
  if (records === undefined)
    throw new Error(`no workload '${name}': there are ${allNames().join(', ')}`)
  return [load('drain', name, records)]
}

function guaranteesOf(word: string | undefined): readonly Guarantee[] {
  if (word === undefined) return ['eos', 'alo']
  if (word === 'eos' || word === 'alo') return [word]
  throw new Error(`no guarantee '${word}': there are eos and alo`)
}

function enginesOf(words: string): EngineName[] {
  return words.split(',').map((word) => {
    if (word === 'ks' || word === 'kafkajs' || word === 'millrace') return word
    throw new Error(`no engine '${word}': there are ks, kafkajs and millrace`)
  })
}

function counts(option: string, words: string): number[] {
  return words.split(',').map((word) => count(option, word))
}

function count(option: string, word: string): number {
  const value = Number(word)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${option} is a whole number above 0, not '${word}'`)
}
