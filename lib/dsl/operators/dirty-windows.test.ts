import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DirtyWindows } from './dirty-windows.ts'

const ADVANCE = 5

const stretches = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    from: fc.integer({ min: 0, max: 12 }),
    more: fc.integer({ min: 0, max: 6 }),
  }),
)

describe('dirty windows', () => {
  test('each window of each key is told once, in order, however the stretches overlap', () => {
    fc.assert(
      fc.property(stretches, (list) => {
        const dirty = new DirtyWindows()
        const expected = new Map<string, Set<number>>()
        for (const { key, from, more } of list) {
          dirty.add(key, key, from * ADVANCE, (from + more) * ADVANCE, 1)
          const starts = expected.get(key) ?? new Set()
          for (let start = from; start <= from + more; start++) starts.add(start * ADVANCE)
          expected.set(key, starts)
        }
        const told = new Map<string, number[]>()
        dirty.take(ADVANCE, (key, from, to) => {
          const starts = told.get(key as string) ?? []
          for (let start = from; start <= to; start += ADVANCE) starts.push(start)
          told.set(key as string, starts)
        })
        const inOrder = [...expected].map(([key, starts]) => [
          key,
          [...starts].sort((a, b) => a - b),
        ])
        expect([...told]).toEqual(inOrder)
        expect(dirty.first).toBe(Number.POSITIVE_INFINITY)
      }),
    )
  })
})
