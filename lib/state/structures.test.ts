/** Sorted rows and filters. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BloomFilter, hashOf } from './bloom-filter.ts'
import { SortedRows } from './sorted-rows.ts'

const key = fc.string({ maxLength: 2 })

describe('sorted rows', () => {
  test('do what a map and a sort do, and a snapshot stays as it was', () => {
    const step = fc.record({ key, value: fc.option(fc.nat(), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(200), (steps, cut) => {
        const rows = new SortedRows<number>()
        const model = new Map<string, number>()
        const inOrder = (): [string, number][] => [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        let kept: Iterable<[string, number]> = []
        let expected: [string, number][] = []
        for (const [at, { key: name, value }] of steps.entries()) {
          if (at === cut) {
            kept = rows.snapshot({})
            expected = inOrder()
          }
          if (value === undefined) {
            rows.delete(name)
            model.delete(name)
          } else {
            rows.set(name, value)
            model.set(name, value)
          }
        }
        expect([...kept]).toEqual(expected)
        expect(rows.size).toBe(model.size)
        expect([...rows.snapshot({})]).toEqual(inOrder())
        expect([...rows.snapshot({ reverse: true })]).toEqual(inOrder().reverse())
        const range = { from: '1', until: 'a' }
        const inside = inOrder().filter(([name]) => name >= '1' && name < 'a')
        expect([...rows.snapshot(range)]).toEqual(inside)
        expect([...rows.snapshot({ ...range, reverse: true })]).toEqual(inside.reverse())
      }),
      { numRuns: 60, seed: 9 },
    )
  })

  test('stay sorted over many chunks, filled in any order', () => {
    const rows = new SortedRows<number>()
    for (let at = 0; at < 5000; at++) rows.set(String((at * 7919) % 5000).padStart(4, '0'), at)
    const keys = [...rows.snapshot({})].map(([name]) => name)
    expect(keys).toEqual(Array.from({ length: 5000 }, (_, at) => String(at).padStart(4, '0')))
    expect(rows.get('0000')).toBe(0)
    expect(rows.get('x')).toBeUndefined()
  })
})

describe('a bloom filter', () => {
  test('never denies an id that was added, and rarely takes a new one for seen', () => {
    const filter = new BloomFilter()
    for (let at = 0; at < 20_000; at++) filter.add(hashOf(`user-${at % 100}:${at}`))
    let missed = 0
    let mistaken = 0
    for (let at = 0; at < 20_000; at++) {
      if (!filter.mayHave(hashOf(`user-${at % 100}:${at}`))) missed++
      if (filter.mayHave(hashOf(`user-${at % 100}:new-${at}`))) mistaken++
    }
    expect(missed).toBe(0)
    expect(mistaken).toBeLessThan(1000)
  })
})
