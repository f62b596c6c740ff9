/** The maps and filters that layers are made of. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BloomFilter, hashOf } from './bloom-filter.ts'
import type { Cell } from './cell.ts'
import { CleanCells } from './clean-cells.ts'
import { KeyedCells } from './keyed-cells.ts'
import { encodedRow } from './row.ts'
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
    expect([...map.values()].length).toBe(35)
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

describe('clean cells', () => {
  function filled(budget: number): {
    readonly clean: CleanCells
    readonly index: KeyedCells
    readonly add: (key: string, bytes: number) => Cell
  } {
    const index = new KeyedCells()
    const clean = new CleanCells(index, budget)
    const add = (key: string, bytes: number): Cell => {
      const cell = index.add(0, key)
      cell.committed = encodedRow(Buffer.alloc(bytes), 1)
      clean.add(cell)
      return cell
    }
    return { clean, index, add }
  }

  test('stay within their budget, and what is asked for again stays', () => {
    const { index, add } = filled(10_000)
    const first = add('key-0', 1)
    for (let at = 1; at < 200; at++) {
      first.used = true
      add(`key-${at}`, 1)
    }
    expect(index.find(0, 'key-1')).toBeUndefined()
    expect(index.find(0, 'key-0')).toBe(first)
    expect(index.find(0, 'key-199')).toBeDefined()
    expect(index.size).toBe(37)
  })

  test('keep no row that alone is too large, even one just asked for', () => {
    const { index, add } = filled(1000)
    add('small', 1)
    expect(add('large', 5000).indexed).toBe(false)
    expect(index.size).toBe(0)
  })

  test('leave cells alone whose row belongs to a span', () => {
    const { index, add } = filled(1000)
    const open = add('open', 1)
    open.open = encodedRow(Buffer.alloc(1), 2)
    for (let at = 0; at < 100; at++) add(`key-${at}`, 1)
    expect(index.find(0, 'open')).toBe(open)
    open.open = undefined
    for (let at = 0; at < 100; at++) add(`later-${at}`, 1)
    expect(index.find(0, 'open')).toBeUndefined()
  })

  test('do not count a row that was replaced, nor one whose bucket is gone', () => {
    const { clean, index, add } = filled(3000)
    const cell = add('a', 2000)
    clean.leave(cell)
    cell.stage = 'pending'
    add('b', 900)
    expect(index.find(0, 'a')).toBe(cell)
    index.dropBefore(1)
    for (let at = 0; at < 9; at++) add(`key-${at}`, 1)
    expect(index.size).toBe(9)
  })

  test('let go of rows that readers cannot see any more, and count them no longer', () => {
    const { clean, index, add } = filled(2_000_000)
    const cells = Array.from({ length: 9000 }, (_, at) => add(`key-${at}`, 1))
    for (const cell of cells.slice(0, 8999)) {
      index.remove(cell)
      clean.drop(cell)
    }
    const [last] = cells.slice(-1)
    expect(cells.filter(({ committed }) => committed !== undefined)).toEqual([last])
    // Their places were given up, too: whoever comes back is counted anew.
    const again = cells[0]
    if (again !== undefined) {
      again.committed = encodedRow(Buffer.alloc(1), 1)
      clean.add(again)
    }
    add('large', 1_999_000)
    expect(index.find(0, 'large')).toBeDefined()
    expect(last?.indexed).toBe(true)
  })
})
