import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { figure, shown, spreadOf } from './statistics.ts'

describe('a spread', () => {
  test('is the middle one, or the mean of the middle two, with the least and the most', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 })
    expect(spreadOf([10, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 10, count: 4 })
    expect(spreadOf([])).toBeUndefined()
  })

  test('has half of the values on each side, in whatever order they came', () => {
    const values = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 })
    fc.assert(
      fc.property(values, (some) => {
        const spread = spreadOf(some)
        const median = spread?.median ?? Number.NaN
        expect(some.filter((value) => value < median).length).toBeLessThanOrEqual(some.length / 2)
        expect(some.filter((value) => value > median).length).toBeLessThanOrEqual(some.length / 2)
        expect(spreadOf(some.toReversed())).toEqual(spread)
      }),
    )
  })

  test('is shown as one figure when there was one run, and as a dash when there was none', () => {
    expect(shown(spreadOf([1.234]))).toBe('1.23')
    expect(shown(spreadOf([2, 1, 4]))).toBe('2.00 (1.00–4.00)')
    expect(shown(undefined)).toBe('–')
  })
})

test.each([
  [0, '0'],
  [0.1234, '0.123'],
  [1.237, '1.24'],
  [12.34, '12.3'],
  [123.4, '123'],
  [12_345, '12,300'],
  [1_999_999, '2,000,000'],
])('%d has three digits that mean something: %s', (value, text) => {
  expect(figure(value)).toBe(text)
})
