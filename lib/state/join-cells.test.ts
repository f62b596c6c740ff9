/** The cells of a join buffer against a plain list of records. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { COMMITTED } from './cell-flags.ts'
import { NONE } from './cell-places.ts'
import { Cells } from './cells.ts'
import { JoinCells } from './join-cells.ts'
import { windowKey } from './key-format.ts'
import { encodedRow } from './row.ts'

const BUCKET_MS = 10
const EVER = { fromBucket: 0, toBucket: 999, from: undefined, until: undefined }

function bucket(start: number): number {
  return Math.floor(start / BUCKET_MS)
}

class Side {
  readonly cells = new Cells()
  readonly index = new JoinCells(this.cells, BUCKET_MS)

  /** The cell of a further record. */
  next(start: number, name = 'a'): number {
    return this.index.next(bucket(start), name, start)
  }

  keyOf(cell: number): string {
    return this.cells.key(cell)
  }

  /** The keys of the rows that a visit meets. */
  visited(name: string, from: number, to: number): string[] {
    const keys: string[] = []
    this.index.visit(name, [bucket(from), bucket(to)], from, to, (cell) => {
      keys.push(this.keyOf(cell))
    })
    return keys
  }

  all(): number[] {
    const cells: number[] = []
    this.index.forEach(EVER, (cell) => cells.push(cell))
    return cells
  }
}

interface Known {
  readonly name: string
  readonly start: number
  readonly n: number
  readonly cell: number
}

function inOrder(known: readonly Known[], name: string, from: number, to: number): string[] {
  return known
    .filter((each) => each.name === name && each.start >= from && each.start <= to)
    .sort((one, other) => one.start - other.start || one.n - other.n)
    .map(({ start, n }) => windowKey(start, name, n))
}

describe('join cells', () => {
  test('meet the records of a key in order of time, then of arrival, whichever were taken back', () => {
    const name = fc.constantFrom('a', 'b')
    const start = fc.nat(45)
    // One in four steps takes back one of those that are there.
    const step = fc.tuple(name, start, fc.nat(3))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), start, start, (steps, x, y) => {
        const side = new Side()
        const known: Known[] = []
        for (const [key, time, kind] of steps) {
          if (kind === 0 && known.length > 0) {
            const [gone] = known.splice(time % known.length, 1)
            side.index.remove(gone?.cell ?? NONE)
            continue
          }
          const same = known.filter((each) => each.name === key && each.start === time)
          const n = Math.max(-1, ...same.map((each) => each.n)) + 1
          const cell = side.next(time, key)
          expect(side.keyOf(cell)).toBe(windowKey(time, key, n))
          known.push({ name: key, start: time, n, cell })
        }
        for (const each of known)
          expect(side.index.find(bucket(each.start), side.keyOf(each.cell))).toBe(each.cell)
        const [from, to] = [Math.min(x, y), Math.max(x, y)]
        for (const key of ['a', 'b'])
          expect(side.visited(key, from, to)).toEqual(inOrder(known, key, from, to))
        expect(side.all().length).toBe(known.length)
        expect(side.cells.size).toBe(known.length)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test('count on from the highest number that is left', () => {
    const side = new Side()
    side.next(1)
    const second = side.next(1)
    expect(side.keyOf(second)).toBe(windowKey(1, 'a', 1))
    side.index.remove(second)
    expect(side.keyOf(side.next(1))).toBe(windowKey(1, 'a', 1))
    for (const cell of side.all()) side.index.remove(cell)
    expect(side.index.isEmpty).toBe(true)
    expect(side.keyOf(side.next(1))).toBe(windowKey(1, 'a', 0))
  })

  test('know of a record whose row was evicted, not of one that expired', () => {
    const side = new Side()
    const [old, young] = [side.next(1), side.next(11)]
    const keys = [side.keyOf(old), side.keyOf(young)]
    side.cells.set(young, COMMITTED, encodedRow(Buffer.alloc(1), 11))
    side.index.evict(young)
    expect(side.cells.has(young, COMMITTED)).toBe(false)
    expect(side.visited('a', 0, 20)).toEqual(keys)
    const told: number[] = []
    side.index.dropBefore(1, (cell) => told.push(cell))
    expect(told).toEqual([old])
    expect(side.cells.size).toBe(1)
    expect(side.visited('a', 0, 20)).toEqual(keys.slice(1))
  })

  test('are found in any of many buckets, in whatever order these came', () => {
    const side = new Side()
    const starts = Array.from({ length: 500 }, (_, at) => ((at * 7919) % 500) * BUCKET_MS)
    for (const start of starts) side.next(start)
    const all = [...starts].sort((one, other) => one - other).map((at) => windowKey(at, 'a', 0))
    expect(side.visited('a', 0, 5000)).toEqual(all)
    expect(side.visited('a', 1000, 1020)).toEqual(all.slice(100, 103))
    side.index.remove(side.index.find(101, windowKey(1010, 'a', 0)))
    expect(side.visited('a', 1000, 1020)).toEqual([all[100], all[102]])
    side.index.dropBefore(102)
    expect(side.visited('a', 0, 1030)).toEqual([all[102], all[103]])
    side.index.dropBefore(501)
    expect(side.index.isEmpty).toBe(true)
    expect(side.cells.size).toBe(0)
  })

  test('read back from their keys are where they were', () => {
    const side = new Side()
    const keys = [windowKey(11, 'a', 1), windowKey(11, 'a', 0), windowKey(12, 'a', 0)]
    for (const key of keys) side.index.add(1, key)
    expect(side.visited('a', 0, 20)).toEqual([keys[1], keys[0], keys[2]])
    expect(side.keyOf(side.next(11))).toBe(windowKey(11, 'a', 2))
  })
})
