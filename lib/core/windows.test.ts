import { describe, expect, test } from '@jest/globals'
import type { Duration } from './duration.ts'
import { timeWindowsOf, windows } from './windows.ts'

describe('windows', () => {
  test('that tumble advance by their size', () => {
    expect(windows.tumbling('1m', { grace: '10s' })).toEqual({
      kind: 'time',
      sizeMs: 60_000,
      advanceMs: 60_000,
      graceMs: 10_000,
    })
  })

  test('that hop advance by less', () => {
    expect(windows.hopping('10s', { advance: '4s' })).toEqual({
      kind: 'time',
      sizeMs: 10_000,
      advanceMs: 4000,
      graceMs: 0,
    })
  })

  test('with grace forever are never closed', () => {
    expect(windows.tumbling(1, { grace: 'forever' }).graceMs).toBe(Number.POSITIVE_INFINITY)
  })

  test.each<readonly [string, () => unknown]>([
    ['of no size', () => windows.tumbling(0)],
    ['of negative size', () => windows.tumbling(-1)],
    ['that stand still', () => windows.hopping(10, { advance: 0 })],
    ['that hop over records', () => windows.hopping(10, { advance: 11 })],
    ['with negative grace', () => windows.tumbling(10, { grace: -1 })],
    ['in another spelling', () => windows.tumbling('10 minutes' as Duration)],
    ['that nobody made', () => timeWindowsOf({ kind: 'time', sizeMs: 1, graceMs: 0 })],
    ['of another kind', () => timeWindowsOf({ kind: 'session', sizeMs: 1, graceMs: 0 })],
  ])('%s are refused', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
