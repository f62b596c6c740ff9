/**
 * What is counted, in memory: counters, gauges and histograms by name and labels. The names are
 * those of FORMATS; exporting them is somebody else's work.
 *
 * Handles (`Counter`, `Gauge`, `Histogram`) are fetched once and kept: an increment on the hot path
 * is one addition.
 */
import type { MetricLabels, Metrics } from '../core/metrics.ts'

export type MetricName = keyof MetricLabels
export type MetricKind = 'counter' | 'gauge' | 'histogram'
export type Labels = Readonly<Record<string, string | undefined>>

export class Counter {
  value = 0
  add(amount = 1): void {
    this.value += amount
  }
}

export class Gauge {
  value = 0
  set(value: number): void {
    this.value = value
  }
}

/** Cumulative buckets as Prometheus has them; `observe` takes seconds. */
export class Histogram {
  readonly bounds: readonly number[]
  /** Observations per bucket, not cumulative; the last is above every bound. */
  readonly buckets: number[]
  count = 0
  sum = 0
  /** The bucket of the last observation, and its bounds: the next is most often in it. */
  #last = 0
  #above = Number.NaN
  #upTo = Number.NaN

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(seconds: number): void {
    this.count++
    this.sum += seconds
    if (!(seconds > this.#above && seconds <= this.#upTo)) this.#turnTo(seconds)
    this.buckets[this.#last] = (this.buckets[this.#last] ?? 0) + 1
  }

  #turnTo(seconds: number): void {
    let at = 0
    while (at < this.bounds.length && seconds > (this.bounds[at] ?? 0)) at++
    this.#last = at
    this.#above = this.bounds[at - 1] ?? Number.NEGATIVE_INFINITY
    this.#upTo = this.bounds[at] ?? Number.POSITIVE_INFINITY
  }
}

/** One metric with one set of labels. */
export interface Series {
  readonly name: MetricName
  readonly kind: MetricKind
  readonly labels: Labels
  readonly metric: Counter | Gauge | Histogram
}

/** Seconds, from a millisecond to an hour. */
const LATENCY_BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600,
] as const

export class MetricsRegistry implements Metrics {
  readonly #series = new Map<string, Series>()

  counter<N extends MetricName>(name: N, labels: MetricLabels[N]): Counter {
    return this.#find(name, 'counter', labels, () => new Counter()) as Counter
  }

  gauge<N extends MetricName>(name: N, labels: MetricLabels[N]): Gauge {
    return this.#find(name, 'gauge', labels, () => new Gauge()) as Gauge
  }

  histogram<N extends MetricName>(name: N, labels: MetricLabels[N]): Histogram {
    return this.#find(name, 'histogram', labels, () => new Histogram(LATENCY_BOUNDS)) as Histogram
  }

  /** Every series, in the order in which they were first asked for. */
  series(): Iterable<Series> {
    return this.#series.values()
  }

  /** Forgets the gauges with these labels, as of a task that went elsewhere. What was counted stays. */
  forget(labels: Labels): void {
    for (const [id, series] of this.#series)
      if (series.kind === 'gauge' && matches(series.labels, labels)) this.#series.delete(id)
  }

  get<N extends MetricName>(name: N, labels?: MetricLabels[N]): number {
    let sum = 0
    for (const series of this.#series.values()) {
      if (series.name !== name || !matches(series.labels, { ...labels })) continue
      sum += series.metric instanceof Histogram ? series.metric.count : series.metric.value
    }
    return sum
  }

  #find(
    name: MetricName,
    kind: MetricKind,
    labelled: object,
    make: () => Counter | Gauge | Histogram,
  ): Counter | Gauge | Histogram {
    const labels: Labels = { ...labelled }
    const id = `${name}${JSON.stringify(Object.entries(labels).sort())}`
    const found = this.#series.get(id)
    if (found !== undefined) return found.metric
    const series: Series = { name, kind, labels, metric: make() }
    this.#series.set(id, series)
    return series.metric
  }
}

function matches(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || labels[name] === value,
  )
}
