import { describe, expect, test } from '@jest/globals'
import { MetricsRegistry } from '../runtime/metrics-registry.ts'
import { prometheusText } from './prometheus.ts'

describe('the metrics for Prometheus', () => {
  test('have a line per series with its labels', async () => {
    const metrics = new MetricsRegistry()
    metrics
      .counter('millrace_task_dropped_records_total', { task: 'clicks_0', reason: 'late' })
      .add(3)
    const text = await prometheusText(metrics)
    expect(text).toContain('# TYPE millrace_task_dropped_records_total counter')
    expect(text).toContain('millrace_task_dropped_records_total{task="clicks_0",reason="late"} 3')
  })

  test('have cumulative buckets, a sum and a count for histograms', async () => {
    const metrics = new MetricsRegistry()
    const latency = metrics.histogram('millrace_worker_commit_latency_seconds', {})
    for (const seconds of [0.002, 0.03, 99_999]) latency.observe(seconds)
    const text = await prometheusText(metrics)
    expect(text).toContain('millrace_worker_commit_latency_seconds_bucket{le="0.0025"} 1')
    expect(text).toContain('millrace_worker_commit_latency_seconds_bucket{le="0.05"} 2')
    expect(text).toContain('millrace_worker_commit_latency_seconds_bucket{le="+Inf"} 3')
    expect(text).toContain('millrace_worker_commit_latency_seconds_count 3')
  })

  test('are read anew at each scrape', async () => {
    const metrics = new MetricsRegistry()
    const counter = metrics.counter('millrace_node_process_total', { node: 'map' })
    expect(await prometheusText(metrics)).toContain('millrace_node_process_total{node="map"} 0')
    counter.add()
    expect(await prometheusText(metrics)).toContain('millrace_node_process_total{node="map"} 1')
  })
})
