/** Cells: their columns, the tables that find them, and the cache of clean ones. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Version } from './cell-flags.ts'
import { CLEAN, COMMITTED, INDEXED, PENDING, UNKNOWN, USED } from './cell-flags.ts'
import { NONE } from './cell-places.ts'
import { CellTable, hashOfKey } from './cell-table.ts'
import { Cells } from './cells.ts'
import { CleanCells } from './clean-cells.ts'
import { KeyedCells } from './keyed-cells.ts'
import type { Row } from './row.ts'
import { deletedRow, encodedRow, valueRow } from './row.ts'

describe('cells', () => {
  const versions: readonly Version[] = [0, 1, COMMITTED]
  const row: fc.Arbitrary<Row> = fc.oneof(
    fc.double({ noNaN: true }).map((value) => valueRow(value, 1)),
    fc.boolean().map((value) => valueRow(value, 2)),
    fc.string({ unit: 'binary-ascii' }).map((text) => encodedRow(text, 3)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => encodedRow(Buffer.from(bytes), 4)),
    fc.constant(deletedRow(5)),
  )

  class Model {
    readonly cells = new Cells()
    readonly rows = new Map<string, { readonly cell: number; readonly of: Map<Version, Row> }>()

    take(key: string): { readonly cell: number; readonly of: Map<Version, Row> } {
      const there = this.rows.get(key)
      if (there !== undefined) return there
      const cell = this.cells.add(key, key.length)
      this.cells.mark(cell, INDEXED)
      const made = { cell, of: new Map<Version, Row>() }
      this.rows.set(key, made)
      return made
    }

    remove(key: string): void {
      this.cells.unmark(this.take(key).cell, INDEXED)
      this.rows.delete(key)
    }

    commit(key: string): void {
      const { cell, of } = this.take(key)
      this.cells.commit(cell, 1)
      const row = of.get(1)
      of.delete(1)
      of.delete(COMMITTED)
      if (row !== undefined) of.set(COMMITTED, row)
    }

    set(key: string, version: Version, row: Row): void {
      const { cell, of } = this.take(key)
      this.cells.set(cell, version, row)
      of.set(version, row)
    }
  }

  test('have each version of each row, however many come and go', () => {
    const step = fc.record({
      key: fc.nat(30).map((number) => `key-${number}`),
      what: fc.constantFrom('remove', 'commit', 'set', 'set', 'set'),
      version: fc.constantFrom(...versions),
      row,
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new Model()
        for (const { key, what, version, row: next } of steps) model[what](key, version, next)
        const { cells, rows } = model
        expect(cells.size).toBe(rows.size)
        for (const [key, { cell, of }] of rows) {
          expect(cells.key(cell)).toBe(key)
          const found = versions.map((version) => cells.row(cell, version))
          expect(found).toEqual(versions.map((version) => of.get(version)))
        }
      }),
      { seed: 6, numRuns: 200 },
    )
  })

  test('are gone with the last hold, not before, and not twice', () => {
    const cells = new Cells()
    const cell = cells.add('a', 1)
    cells.mark(cell, INDEXED)
    expect([cells.list(cell, 1), cells.list(cell, 1)]).toEqual([true, false])
    cells.mark(cell, USED)
    cells.setStage(cell, PENDING)
    cells.unmark(cell, INDEXED)
    cells.setStage(cell, UNKNOWN)
    expect(cells.size).toBe(1)
    cells.unlist(cell, 1)
    expect(cells.size).toBe(0)
    cells.unlist(cell, 1)
    cells.setStage(cell, UNKNOWN)
    expect(cells.size).toBe(0)
    expect([cells.add('b', 1), cells.add('c', 1)]).toEqual([cell, cell + 1])
  })

  test('move bytes together when most are of rows that are gone, and keep all others', () => {
    const cells = new Cells()
    const kept = new Map<number, string>()
    for (let at = 0; at < 20_000; at++) {
      const cell = cells.add(`key-${at}`, at)
      cells.mark(cell, INDEXED)
      cells.set(cell, COMMITTED, encodedRow(`${at}`.repeat(100), at))
      if (at % 10 === 0) kept.set(cell, `${at}`.repeat(100))
      else cells.unmark(cell, INDEXED)
    }
    expect(cells.values.isWasteful).toBe(true)
    cells.compact()
    expect(cells.values.isWasteful).toBe(false)
    for (const [cell, text] of kept) expect(cells.row(cell, COMMITTED)?.bytes).toBe(text)
  })
})

describe('a table of cells', () => {
  // Few hashes, so that places are tried one after the other, round the end of the table too.
  function hashOf(number: number): number {
    return (number % 5) - 3
  }

  class Model {
    readonly cells = new Cells()
    readonly table = new CellTable(this.cells)
    readonly known = new Map<number, number>()

    add(number: number): void {
      if (this.known.has(number)) return
      const cell = this.cells.add(`${number}`, hashOf(number))
      this.cells.mark(cell, INDEXED)
      this.table.add(cell)
      this.known.set(number, cell)
    }

    remove(number: number): void {
      const cell = this.known.get(number)
      if (cell === undefined) return
      expect(this.table.remove(cell)).toBe(true)
      this.cells.unmark(cell, INDEXED)
      this.known.delete(number)
    }
  }

  test('finds what was added and not removed, as a map does', () => {
    const step = fc.tuple(fc.nat(40), fc.boolean())
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const model = new Model()
        for (const [number, adds] of steps)
          if (adds) model.add(number)
          else model.remove(number)
        const { table, known } = model
        expect(table.size).toBe(known.size)
        for (let number = 0; number <= 40; number++)
          expect(table.find(hashOf(number), `${number}`)).toBe(known.get(number) ?? NONE)
        const all = new Set<number>()
        table.forEach((cell) => void all.add(cell))
        expect(all).toEqual(new Set(known.values()))
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  test('spreads keys that differ in their last chars alone', () => {
    const places = new Set<number>()
    for (let at = 0; at < 1000; at++) places.add(hashOfKey(`user-${at}`) & 4095)
    expect(places.size).toBeGreaterThan(850)
  })
})

describe('clean cells', () => {
  class Cache {
    readonly cells = new Cells()
    readonly index = new KeyedCells(this.cells, undefined)
    readonly clean: CleanCells

    constructor(budget: number) {
      this.clean = new CleanCells(this.cells, this.index, budget)
    }

    add(key: string, bytes: number): number {
      const cell = this.index.add(0, key)
      this.cells.set(cell, COMMITTED, encodedRow(Buffer.alloc(bytes), 1))
      this.clean.add(cell)
      return cell
    }

    has(key: string): boolean {
      return this.index.find(0, key) !== NONE
    }
  }

  test('stay within their budget, and what is asked for again stays', () => {
    const cache = new Cache(10_000)
    const first = cache.add('key-0', 1)
    for (let at = 1; at < 200; at++) {
      cache.cells.mark(first, USED)
      cache.add(`key-${at}`, 1)
    }
    expect([cache.has('key-0'), cache.has('key-1'), cache.has('key-199')]).toEqual([
      true,
      false,
      true,
    ])
    expect(cache.index.size).toBe(83)
    expect(cache.cells.size).toBe(83)
  })

  test('keep no row that alone is too large, even one just asked for', () => {
    const cache = new Cache(1000)
    cache.add('small', 1)
    cache.add('large', 5000)
    expect(cache.index.size).toBe(0)
    expect(cache.cells.size).toBe(0)
  })

  test('leave cells alone whose row belongs to a span', () => {
    const cache = new Cache(1000)
    const open = cache.add('open', 1)
    cache.cells.set(open, 0, encodedRow(Buffer.alloc(1), 2))
    for (let at = 0; at < 100; at++) cache.add(`key-${at}`, 1)
    expect(cache.index.find(0, 'open')).toBe(open)
    cache.cells.drop(open, 0)
    for (let at = 0; at < 100; at++) cache.add(`later-${at}`, 1)
    expect(cache.has('open')).toBe(false)
  })

  test('do not count a row that was replaced', () => {
    const cache = new Cache(3000)
    const cell = cache.add('a', 2000)
    cache.clean.leave(cell)
    cache.cells.setStage(cell, PENDING)
    cache.add('b', 900)
    expect(cache.index.find(0, 'a')).toBe(cell)
    for (let at = 0; at < 9; at++) cache.add(`key-${at}`, 1)
    expect(cache.index.size).toBe(11)
  })

  test('let go of rows that readers cannot see any more, and count them no longer', () => {
    const cache = new Cache(2_000_000)
    const cells = Array.from({ length: 9000 }, (_, at) => cache.add(`key-${at}`, 1))
    for (const cell of cells.slice(0, 8999)) {
      cache.index.remove(cell)
      cache.clean.drop(cell)
    }
    expect(cache.cells.size).toBeLessThan(4096)
    expect(cache.cells.stage(cells[8999] ?? NONE)).toBe(CLEAN)
    for (let at = 0; at < 8999; at++) cache.add(`again-${at}`, 1)
    expect(cache.index.size).toBe(9000)
    cache.add('large', 850_000)
    expect([cache.has('large'), cache.has('key-8999')]).toEqual([true, true])
  })
})
