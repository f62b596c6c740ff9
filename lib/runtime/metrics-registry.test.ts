import { describe, expect, test } from '@jest/globals'
import { MetricsRegistry } from './metrics-registry.ts'

const DROPPED = 'millrace_task_dropped_records_total'

describe('metrics', () => {
  test('are one series for equal labels, whatever their order', () => {
    const metrics = new MetricsRegistry()
    metrics.counter(DROPPED, { task: 'a_0', reason: 'late' }).add()
    metrics.counter(DROPPED, { reason: 'late', task: 'a_0' }).add(2)
    expect([...metrics.series()]).toHaveLength(1)
    expect(metrics.get(DROPPED)).toBe(3)
  })

  test('add up over the labels that are not asked for', () => {
    const metrics = new MetricsRegistry()
    metrics.counter(DROPPED, { task: 'a_0', node: 'n', reason: 'late' }).add()
    metrics.counter(DROPPED, { task: 'a_1', node: 'n', reason: 'repeat' }).add(5)
    expect(metrics.get(DROPPED, { node: 'n' })).toBe(6)
    expect(metrics.get(DROPPED, { reason: 'repeat' })).toBe(5)
    expect(metrics.get(DROPPED, { task: 'b_0' })).toBe(0)
  })

  test('of a histogram are the number of observations', () => {
    const metrics = new MetricsRegistry()
    const name = 'millrace_task_record_lateness_seconds'
    const histogram = metrics.histogram(name, { task: 'a_0' })
    for (const seconds of [0, 0.002, 90, 7200]) histogram.observe(seconds)
    expect(metrics.get(name)).toBe(4)
    expect(histogram.sum).toBeCloseTo(7290.002)
    expect(histogram.buckets.reduce((sum, count) => sum + count)).toBe(4)
    expect(histogram.buckets[0]).toBe(1)
    expect(histogram.buckets.at(-1)).toBe(1)
  })

  test('forget the gauges of what went elsewhere, and keep what was counted', () => {
    const metrics = new MetricsRegistry()
    metrics.gauge('millrace_store_pending_bytes', { task: 'a_0', store: 's' }).set(7)
    metrics.counter(DROPPED, { task: 'a_0' }).add()
    metrics.forget({ task: 'a_0' })
    expect(metrics.get('millrace_store_pending_bytes')).toBe(0)
    expect(metrics.get(DROPPED)).toBe(1)
  })
})
