/** The cells of a join buffer against a plain list of records. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JoinCells } from './join-cells.ts'
import { windowKey } from './key-format.ts'
import { encodedRow } from './row.ts'

const BUCKET_MS = 10

function bucket(start: number): number {
  return Math.floor(start / BUCKET_MS)
}

function visited(cells: JoinCells, name: string, from: number, to: number): string[] {
  const keys: string[] = []
  cells.visit(name, [bucket(from), bucket(to)], from, to, ({ key }) => keys.push(key))
  return keys
}

describe('join cells', () => {
  test('meet the records of a key in order of time, then of arrival', () => {
    const name = fc.constantFrom('a', 'b')
    const start = fc.nat(45)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, start), { maxLength: 60 }), start, start, (all, x, y) => {
        const cells = new JoinCells()
        const model: { name: string; start: number; key: string }[] = []
        for (const [key, time] of all) {
          const n = model.filter((each) => each.name === key && each.start === time).length
          const cell = cells.next(bucket(time), key, time)
          expect(cell.key).toBe(windowKey(time, key, n))
          expect(cells.find(bucket(time), cell.key)).toBe(cell)
          model.push({ name: key, start: time, key: cell.key })
        }
        const [from, to] = [Math.min(x, y), Math.max(x, y)]
        const expected = model
          .filter((each) => each.name === 'a' && each.start >= from && each.start <= to)
          .sort((one, other) => one.start - other.start)
        expect(visited(cells, 'a', from, to)).toEqual(expected.map(({ key }) => key))
        const span = { fromBucket: 0, toBucket: 9, from: undefined, until: undefined }
        expect([...cells.within(span)].length).toBe(all.length)
      }),
      { seed: 3 },
    )
  })

  test('count on from the highest number that is left', () => {
    const cells = new JoinCells()
    const [first, second] = [cells.next(0, 'a', 1), cells.next(0, 'a', 1)]
    expect([first.n, second.n]).toEqual([0, 1])
    cells.remove(second)
    expect(cells.next(0, 'a', 1).n).toBe(1)
    for (const { key } of [...cells.within(EVER)]) cells.remove(cells.find(0, key) ?? first)
    expect(cells.isEmpty).toBe(true)
    expect(cells.next(0, 'a', 1).n).toBe(0)
  })

  test('know of a record whose row was evicted, not of one that expired', () => {
    const cells = new JoinCells()
    const [old, young] = [cells.next(0, 'a', 1), cells.next(1, 'a', 11)]
    young.committed = encodedRow(Buffer.alloc(1), 11)
    cells.evict(young)
    expect(young.committed).toBeUndefined()
    expect(visited(cells, 'a', 0, 20)).toEqual([old.key, young.key])
    const told: unknown[] = []
    cells.dropBefore(1, (cell) => told.push(cell))
    expect(told).toEqual([old])
    expect([old.indexed, young.indexed]).toEqual([false, true])
    expect(visited(cells, 'a', 0, 20)).toEqual([young.key])
  })

  test('are found in any of many buckets, in whatever order these came', () => {
    const cells = new JoinCells()
    const starts = Array.from({ length: 500 }, (_, at) => ((at * 7919) % 500) * BUCKET_MS)
    for (const start of starts) cells.next(bucket(start), 'a', start)
    const all = [...starts].sort((one, other) => one - other).map((at) => windowKey(at, 'a', 0))
    expect(visited(cells, 'a', 0, 5000)).toEqual(all)
    expect(visited(cells, 'a', 1000, 1020)).toEqual(all.slice(100, 103))
    cells.remove(cells.find(101, windowKey(1010, 'a', 0)) ?? cells.next(0, 'none', 0))
    expect(visited(cells, 'a', 1000, 1020)).toEqual([all[100], all[102]])
    cells.dropBefore(102)
    expect(visited(cells, 'a', 0, 1030)).toEqual([all[102], all[103]])
    cells.clear()
    expect(cells.isEmpty).toBe(true)
  })

  test('read back from their keys are where they were', () => {
    const cells = new JoinCells()
    const keys = [windowKey(11, 'a', 1), windowKey(11, 'a', 0), windowKey(12, 'a', 0)]
    for (const key of keys) cells.add(1, key)
    expect(visited(cells, 'a', 0, 20)).toEqual([keys[1], keys[0], keys[2]])
    expect(cells.next(1, 'a', 11).n).toBe(2)
  })
})

const EVER = { fromBucket: 0, toBucket: 9, from: undefined, until: undefined }
