import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DirtyWindows } from './dirty-windows.ts'

const ADVANCE = 5

interface Change {
  readonly key: string
  readonly from: number
  readonly more: number
}

const changes = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    from: fc.integer({ min: 0, max: 12 }),
    more: fc.integer({ min: 0, max: 6 }),
  }),
)

function expectEachOnce(dirty: DirtyWindows, list: readonly Change[]): void {
  const expected = new Map<string, Set<number>>()
  for (const { key, from, more } of list) {
    dirty.add(key, key, from * ADVANCE, (from + more) * ADVANCE, 1)
    const starts = expected.get(key) ?? new Set()
    for (let start = from; start <= from + more; start++) starts.add(start * ADVANCE)
    expected.set(key, starts)
  }
  expect(dirty.size).toBe(expected.size)
  const told = new Map<string, number[]>()
  dirty.take((key, from, to) => {
    const starts = told.get(key as string) ?? []
    for (let start = from; start <= to; start += ADVANCE) starts.push(start)
    told.set(key as string, starts)
  })
  const inOrder = [...expected].map(([key, starts]) => [key, [...starts].sort((a, b) => a - b)])
  expect([...told]).toEqual(inOrder)
  expect(dirty.size).toBe(0)
  expect(dirty.first).toBe(Number.POSITIVE_INFINITY)
}

describe('dirty windows', () => {
  test('each window of each key is told once, in order, however the stretches overlap', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 4 }), (rounds) => {
        const dirty = new DirtyWindows(ADVANCE)
        for (const list of rounds) expectEachOnce(dirty, list)
      }),
    )
  })

  test('keys that change no more are forgotten, and may come again', () => {
    const dirty = new DirtyWindows(ADVANCE)
    const round = (first: number, count: number): Change[] =>
      Array.from({ length: count }, (_, at) => ({ key: `k${first + at}`, from: at % 7, more: 1 }))
    for (const list of [round(0, 3000), round(2990, 20), round(0, 1), round(1500, 2000)])
      expectEachOnce(dirty, list)
  })
})
