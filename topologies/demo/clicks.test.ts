import { describe, expect, test } from '@jest/globals'
import type { Click } from '../page-views.ts'
import { clickFeed } from './clicks.ts'

const NOW = 1_700_000_000_000
const DAY_MS = 86_400_000

function clicks(count: number, everyMs: number, seen = -1): readonly Click[] {
  const next = clickFeed()
  return Array.from({ length: count }, (_, at) => JSON.parse(next(NOW + at * everyMs, seen).value))
}

describe('generated clicks', () => {
  test('begin a day back and run ahead faster than the clock', () => {
    const [first, ...rest] = clicks(90, 10)
    const last = rest.at(-1)
    expect(first?.at).toBe(NOW - DAY_MS)
    expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(10 * 89 * 10)
  })

  test('go on where an earlier run has come to, or they would all be late', () => {
    const seen = NOW - 3_600_000
    expect(clicks(1, 10, seen)[0]?.at).toBe(seen)
    expect(clicks(1, 10, NOW - 2 * DAY_MS)[0]?.at).toBe(NOW - DAY_MS)
  })

  test('never pass the clock', () => {
    const everyMs = 60_000
    const late = clicks(2000, everyMs).filter(({ at }, index) => at > NOW + index * everyMs)
    expect(late).toEqual([])
  })

  test('hold repeats, whole ones, and clicks that are late', () => {
    const all = clicks(1000, 1)
    const ids = all.map(({ id }) => id)
    expect(new Set(ids).size).toBe(980)
    const behind = all.filter(
      ({ at }, index) => at < Math.max(...all.slice(0, index).map((c) => c.at)) - 70_000,
    )
    expect(behind.length).toBeGreaterThanOrEqual(9)
  })
})
