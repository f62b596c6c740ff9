/** The maps and filters that layers are made of. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BloomFilter, hashOf } from './bloom-filter.ts'
import { CleanRows } from './clean-rows.ts'
import { Layer } from './layer.ts'
import type { Row } from './row.ts'
import { SortedRows } from './sorted-rows.ts'
import { WideMap } from './wide-map.ts'

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

describe('a wide map', () => {
  test('goes on in another map when one is full, and has each key once', () => {
    const map = new WideMap<number>(10)
    for (let round = 0; round < 3; round++)
      for (let at = 0; at < 35; at++) map.set(`${at}`, at + round)
    expect(map.size).toBe(35)
    expect(map.get('3')).toBe(5)
    expect(map.delete('3')).toBe(true)
    expect(map.delete('3')).toBe(false)
    map.set('new', 1)
    expect([...map].length).toBe(35)
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

describe('clean rows', () => {
  const row = (text: string): Row => ({ bytes: Buffer.from(text), timestamp: 1 })

  function written(rows: Readonly<Record<string, string>>): Layer<Row> {
    const layer = new Layer<Row>()
    for (const [name, text] of Object.entries(rows)) layer.set(0, name, row(text))
    return layer
  }

  test('give the newest version that a batch wrote', () => {
    const clean = new CleanRows(10_000)
    clean.add(0, 'a', row('read'))
    clean.adopt(written({ a: 'first' }), 100)
    clean.adopt(written({ a: 'second', b: 'b' }), 200)
    expect(clean.get(0, 'a')?.bytes?.toString()).toBe('second')
  })

  test('forget everything rather than show what is older than a batch too large to keep', () => {
    const clean = new CleanRows(1000)
    clean.add(0, 'a', row('old'))
    clean.adopt(written({ a: 'new' }), 5000)
    expect(clean.get(0, 'a')).toBeUndefined()
  })

  test('stay within their budget, and what is asked for again stays', () => {
    const clean = new CleanRows(4000)
    for (let at = 0; at < 200; at++) {
      clean.add(0, `key-${at}`, row('x'))
      if (at > 0) clean.get(0, 'key-0')
    }
    expect(clean.get(0, 'key-1')).toBeUndefined()
    expect(clean.get(0, 'key-0')).toBeDefined()
    expect(clean.get(0, 'key-199')).toBeDefined()
  })
})
