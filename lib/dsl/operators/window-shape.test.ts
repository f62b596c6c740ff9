import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { firstOpenStart, firstStart, lastStart, paneMs, worthPanes } from './window-shape.ts'

const shapes = fc
  .record({
    advanceMs: fc.integer({ min: 1, max: 20 }),
    more: fc.integer({ min: 0, max: 30 }),
    graceMs: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ advanceMs, more, graceMs }) => ({ advanceMs, sizeMs: advanceMs + more, graceMs }))
const times = fc.integer({ min: 0, max: 200 })

/** All windows that `time` lies in, one by one. */
function startsOf(shape: { sizeMs: number; advanceMs: number }, time: number): number[] {
  const starts: number[] = []
  for (let start = 0; start <= time; start += shape.advanceMs)
    if (start + shape.sizeMs > time) starts.push(start)
  return starts
}

describe('the shape of windows', () => {
  test('first and last start are those of the windows that a time lies in', () => {
    fc.assert(
      fc.property(shapes, times, (shape, time) => {
        const starts = startsOf(shape, time)
        expect([firstStart(shape, time), lastStart(shape, time)]).toEqual([
          starts.at(0),
          starts.at(-1),
        ])
      }),
    )
  })

  test('a window takes records as long as its end is later than operator time minus grace', () => {
    fc.assert(
      fc.property(shapes, times, (shape, time) => {
        const open = firstOpenStart(shape, time)
        expect(open + shape.sizeMs).toBeGreaterThan(time - shape.graceMs)
        if (open > 0)
          expect(open - shape.advanceMs + shape.sizeMs).toBeLessThanOrEqual(time - shape.graceMs)
      }),
    )
  })

  test('with grace for ever nothing closes', () => {
    const shape = { sizeMs: 10, advanceMs: 5, graceMs: Number.POSITIVE_INFINITY }
    expect(firstOpenStart(shape, 1e12)).toBe(0)
  })

  test('all times of a pane lie in the same windows', () => {
    fc.assert(
      fc.property(shapes, times, (shape, time) => {
        const pane = time - (time % paneMs(shape))
        expect(startsOf(shape, time)).toEqual(startsOf(shape, pane))
      }),
    )
  })

  test('panes are worth it where windows overlap and share a good divisor', () => {
    const shape = (sizeMs: number, advanceMs: number) => ({ sizeMs, advanceMs, graceMs: 0 })
    expect(worthPanes(shape(10_000, 10_000))).toBe(false)
    expect(worthPanes(shape(10_000, 2_000))).toBe(true)
    expect(worthPanes(shape(10_000, 3_000))).toBe(true)
    expect(worthPanes(shape(100_000, 99_999))).toBe(false)
  })
})
