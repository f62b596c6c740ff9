/** What is measured, and what the driver answers: the lines between this command and the JVM. */

export type Guarantee = 'eos' | 'alo'
export type Measure = 'drain' | 'latency' | 'restore'
export type EngineName = 'ks' | 'kafkajs' | 'millrace'

/** One thing to measure, the same for every engine. */
export interface Load {
  readonly measure: Measure
  readonly workload: string
  readonly guarantee: Guarantee
  readonly records: number
  readonly partitions: number
  readonly keys: number
  readonly processes: number
  readonly timeoutS: number
  /** Latency: records a second, for how long, and how long before it counts. */
  readonly rate: number
  readonly seconds: number
  readonly warmUpS: number
}

export interface Job extends Load {
  readonly engine: EngineName
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface Start {
  readonly toRunningS: number
  readonly cpuS: number
  readonly peakMb: number
}

/** Which figures there are depends on the measure, and on whether the answer was right. */
export interface Result {
  readonly at: string
  /** Why nothing counts: a wrong answer, an engine that ended or did not end. */
  readonly wrong?: string | null
  /** It was not done in the time that it was given, which is what `wrong` says then. */
  readonly timedOut?: boolean
  /** Cores that neither the engine nor the broker nor the driver used. */
  readonly foreignCores?: number
  readonly peakMb?: number
  readonly cpuSPerM?: number
  readonly recordsPerS?: number
  readonly steadyCpuSPerM?: number
  readonly steadyRecordsPerS?: number
  readonly firstOutputS?: number
  readonly appendMs?: Percentiles
  readonly endToEndMs?: Percentiles
  readonly wiped?: Start
  readonly kept?: Start
}

/** One run of one engine: pairs are numbered from 0. */
export interface Run {
  readonly load: Load
  readonly engine: EngineName
  readonly pair: number
  readonly result: Result
}

export function isRight(run: Run): boolean {
  return run.result.wrong === undefined || run.result.wrong === null
}

/** `w3 eos`, and what is not as usual. */
export function nameOf(load: Load): string {
  const parts = [load.measure === 'latency' ? `latency ${load.workload}` : load.workload]
  if (load.partitions !== 1) parts.push(`${load.partitions} partitions`)
  if (load.processes !== 1) parts.push(`${load.processes} processes`)
  if (load.keys !== DEFAULT_KEYS) parts.push(`${load.keys.toLocaleString('en-US')} keys`)
  return parts.join(', ')
}

export const DEFAULT_KEYS = 10_000
