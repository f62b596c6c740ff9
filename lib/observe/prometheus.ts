/**
 * The metrics of an application in a prom-client registry: its own, or one that the user's program
 * already serves. Values are read when somebody scrapes; nothing is counted twice.
 */
import type { Metric, Registry } from 'prom-client'
import {
  Histogram,
  type Labels,
  type MetricKind,
  type MetricsRegistry,
  type Series,
} from '../runtime/metrics-registry.ts'

/** One sample as prom-client prints it. */
interface Sample {
  readonly metricName: string
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
}

const HELP: Readonly<Record<string, string>> = {
  millrace_task_dropped_records_total: 'Records that went no further, by reason',
  millrace_task_record_lateness_seconds: 'How far behind stream time records are',
  millrace_task_restore_remaining_records: 'Changelog records that are still to be replayed',
  millrace_worker_commit_latency_seconds: 'How long commits take',
  millrace_node_process_total: 'Records that a node processed',
  millrace_node_record_e2e_latency_seconds: 'From the timestamp of a record until it was here',
  millrace_store_rebuilt_total: 'State that could not be trusted and was restored from the start',
  millrace_store_pending_bytes: 'Committed rows that are not on disk yet',
}

/** The text that Prometheus scrapes. Loads its library only then: it is a tenth of our start. */
export async function prometheusText(metrics: MetricsRegistry): Promise<string> {
  const { Registry } = await import('prom-client')
  const registry = new Registry()
  exportMetrics(metrics, registry)
  return registry.metrics()
}

/** Adds every metric that has been counted so far to a registry, read anew at each scrape. */
function exportMetrics(metrics: MetricsRegistry, registry: Registry): void {
  const kinds = new Map<string, MetricKind>()
  for (const { name, kind } of metrics.series()) kinds.set(name, kind)
  for (const [name, kind] of kinds) {
    const collected = {
      name,
      help: HELP[name] ?? name,
      type: kind,
      aggregator: 'sum',
      get: async () => ({
        name,
        help: HELP[name] ?? name,
        type: kind,
        aggregator: 'sum',
        values: [...metrics.series()].filter((series) => series.name === name).flatMap(samplesOf),
      }),
    }
    // The registry asks a metric for its name and calls `get`; prom-client's own classes would
    // want to do the counting too.
    registry.registerMetric(collected as unknown as Metric)
  }
}

function samplesOf({ name, labels, metric }: Series): Sample[] {
  const known = knownLabels(labels)
  if (!(metric instanceof Histogram))
    return [{ metricName: name, value: metric.value, labels: known }]
  let below = 0
  const samples = metric.buckets.map((count, at): Sample => {
    below += count
    const le = metric.bounds[at] ?? '+Inf'
    return { metricName: `${name}_bucket`, value: below, labels: { ...known, le } }
  })
  samples.push({ metricName: `${name}_sum`, value: metric.sum, labels: known })
  samples.push({ metricName: `${name}_count`, value: metric.count, labels: known })
  return samples
}

function knownLabels(labels: Labels): Record<string, string> {
  const known: Record<string, string> = {}
  for (const [label, value] of Object.entries(labels)) if (value !== undefined) known[label] = value
  return known
}
