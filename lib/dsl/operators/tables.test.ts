import { describe, expect, test } from '@jest/globals'
import { longSerde } from '../../core/serdes/numbers.ts'
import { stringSerde } from '../../core/serdes/text.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { keyValueSpec } from '../../state/store-spec.ts'
import { aggregate } from './aggregate.ts'
import { type Demand, noDemand } from './demand.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'
import { aggregateFold, countFold, reduceFold } from './folds.ts'
import { streamTableJoin } from './stream-table-join.ts'
import { tableFilter } from './table-filter.ts'
import { tableMapValues } from './table-map-values.ts'
import { tableSource } from './table-source.ts'
import { toStream } from './to-stream.ts'

const texts = keyValueSpec({ name: 'rows', key: stringSerde, value: stringSerde })
const numbers = keyValueSpec({ name: 'rows', key: stringSerde, value: longSerde })
const even = (value: number) => value % 2 === 0

function demand(asked: Partial<Demand> = {}): Demand {
  return { ...noDemand(), updates: true, ...asked }
}

async function fixtureOf(spec = numbers): Promise<OperatorFixture> {
  return new OperatorFixture(await openState(memoryByteStore(), [spec]))
}

describe('a table source', () => {
  test('the later record wins whatever its timestamp; null deletes; a null key is dropped', async () => {
    const fixture = await fixtureOf(texts)
    fixture.add('t', tableSource({ store: 'rows', demand: demand({ before: true }) }))
    await fixture.process('t', 'k', 'new', 9)
    await fixture.process('t', 'k', 'older', 3)
    await fixture.process('t', 'k', null, 4)
    await fixture.process('t', 'k', null, 5)
    await fixture.process('t', null, 'x', 6)
    expect(fixture.take('t')).toEqual([
      { key: 'k', value: { now: 'new', before: undefined }, timestamp: 9 },
      { key: 'k', value: { now: 'older', before: 'new' }, timestamp: 3 },
      { key: 'k', value: { now: undefined, before: 'older' }, timestamp: 4 },
      { key: 'k', value: { now: undefined, before: undefined }, timestamp: 5 },
    ])
    expect(fixture.drops.map(({ reason }) => reason)).toEqual(['null_key'])
  })
})

describe('tables that follow from a table', () => {
  test.each([undefined, 'rows'])(
    'a filter tells what it refuses as deleted (store %p)',
    async (store) => {
      const fixture = await fixtureOf()
      fixture.add('f', tableFilter({ predicate: even, store, demand: demand() }))
      for (const now of [1, 2, 3, undefined])
        await fixture.process('f', 'k', { now, before: undefined }, 5)
      expect(fixture.takeRows('f').map(([, now]) => now)).toEqual([
        undefined,
        2,
        undefined,
        undefined,
      ])
    },
  )

  test.each([undefined, 'rows'])(
    'asked for what was before, a filter does not take back what it never told (store %p)',
    async (store) => {
      const fixture = await fixtureOf()
      fixture.add('f', tableFilter({ predicate: even, store, demand: demand({ before: true }) }))
      let before: number | undefined
      for (const now of [1, 2, 4, 3, 5, undefined]) {
        await fixture.process('f', 'k', { now, before }, 5)
        before = now
      }
      expect(fixture.take('f').map(({ value }) => value)).toEqual([
        { now: 2, before: undefined },
        { now: 4, before: 2 },
        { now: undefined, before: 4 },
      ])
    },
  )

  test('filterNot keeps the others; a deleted row is deleted under both', async () => {
    const fixture = await fixtureOf()
    fixture.add('f', tableFilter({ predicate: even, not: true, demand: demand() }))
    for (const now of [1, 2, undefined])
      await fixture.process('f', 'k', { now, before: undefined }, 5)
    expect(fixture.takeRows('f').map(([, now]) => now)).toEqual([1, undefined, undefined])
  })

  test('mapValues never shows a deleted row to its mapper, and keeps its rows where it has a store', async () => {
    const fixture = await fixtureOf(texts)
    const mapper = (value: number) => `<${value}>`
    fixture.add('m', tableMapValues({ mapper, store: 'rows', demand: demand({ before: true }) }))
    for (const now of [1, 2, undefined]) await fixture.process('m', 'k', { now, before: 0 }, 5)
    expect(fixture.take('m').map(({ value }) => value)).toEqual([
      { now: '<1>', before: undefined },
      { now: '<2>', before: '<1>' },
      { now: undefined, before: '<2>' },
    ])
  })

  test('as a stream, a deleted row is null', async () => {
    const fixture = await fixtureOf()
    fixture.add('s', toStream())
    for (const now of [0, undefined]) await fixture.process('s', 'k', { now, before: 7 }, 5)
    expect(fixture.take('s').map(({ value }) => value)).toEqual([0, null])
  })
})

describe('aggregates by key', () => {
  test('count takes records out of order and keeps the highest timestamp', async () => {
    const fixture = await fixtureOf()
    fixture.add('a', aggregate({ store: 'rows', fold: countFold, demand: demand() }))
    await fixture.process('a', 'a', '1', 5)
    await fixture.process('a', 'a', '2', 3)
    await fixture.process('a', 'b', 'x', 1)
    await fixture.process('a', 'a', null, 9)
    await fixture.process('a', null, 'z', 9)
    await fixture.process('a', 'a', '3', 10)
    expect(fixture.takeRows('a')).toEqual([
      ['a', 1, 5],
      ['a', 2, 5],
      ['b', 1, 1],
      ['a', 3, 10],
    ])
    expect(fixture.drops.map(({ reason }) => reason)).toEqual(['null_value', 'null_key'])
  })

  test('reduce takes the first value as it is', async () => {
    const fixture = await fixtureOf()
    const fold = reduceFold((a: number, b: number) => Math.max(a, b))
    fixture.add('a', aggregate({ store: 'rows', fold, demand: demand() }))
    for (const value of [3, 1, 9]) await fixture.process('a', 'k', value, value)
    expect(fixture.takeRows('a').map(([, now]) => now)).toEqual([3, 3, 9])
  })

  test('an aggregator that returns null deletes the row, and the next record begins anew', async () => {
    const fixture = await fixtureOf()
    const fold = aggregateFold(
      () => 0,
      (sum: number, value: number) => (value < 0 ? null : sum + value),
    )
    fixture.add('a', aggregate({ store: 'rows', fold, demand: demand({ before: true }) }))
    for (const [index, value] of [1, 2, -1, 5].entries())
      await fixture.process('a', 'k', value, index)
    expect(fixture.take('a').map(({ value }) => value)).toEqual([
      { now: 1, before: undefined },
      { now: 3, before: 1 },
      { now: undefined, before: 3 },
      { now: 5, before: undefined },
    ])
  })

  test('reads and tells nothing that nobody asks for', async () => {
    const fixture = await fixtureOf()
    fixture.add('a', aggregate({ store: 'rows', fold: countFold, demand: noDemand() }))
    await fixture.process('a', 'k', 1, 1)
    expect(fixture.take('a')).toEqual([])
  })
})

describe('a stream joined with a table', () => {
  const joiner = (left: string, right: string | undefined) => `${left}-${right ?? 'null'}`
  const inputs = [
    ['k', 'A'],
    [null, 'B'],
    ['k', null],
    ['other', 'C'],
  ] as const

  test.each([
    ['inner', ['A-a'], ['null_key', 'null_value']],
    ['left', ['A-a', 'B-null', 'C-null'], ['null_value']],
  ] as const)('%s: without a row, key or value', async (kind, joined, dropped) => {
    const fixture = await fixtureOf(texts)
    fixture.add('t', tableSource({ store: 'rows', demand: noDemand() }))
    fixture.add('j', streamTableJoin({ store: 'rows', joiner, kind }))
    await fixture.process('t', 'k', 'a', 100)
    for (const [key, value] of inputs) await fixture.process('j', key, value, 7)
    expect(fixture.take('j').map(({ value }) => value)).toEqual(joined)
    expect(fixture.drops.map(({ reason }) => reason)).toEqual(dropped)
  })
})
