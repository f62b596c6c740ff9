import { describe, expect, test } from '@jest/globals'
import { longSerde } from '../../core/serdes/numbers.ts'
import { stringSerde } from '../../core/serdes/text.ts'
import { windowed } from '../../core/serdes/windowed.ts'
import { windows } from '../../core/windows.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { keyValueSpec, windowSpec } from '../../state/store-spec.ts'
import { aggregate } from './aggregate.ts'
import { noDemand } from './demand.ts'
import { type EmitCompleteOptions, emitComplete } from './emit-complete.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'
import { countFold, countMerge } from './folds.ts'
import { paneAggregate } from './pane-aggregate.ts'

const heard = { ...noDemand(), updates: true }

async function complete(options: Partial<EmitCompleteOptions> = {}) {
  const state = await openState(memoryByteStore(), [
    keyValueSpec({ name: 'sums', key: stringSerde, value: longSerde }),
  ])
  const fixture = new OperatorFixture(state)
  fixture.add(
    'agg',
    aggregate({ store: 'sums', fold: countFold, demand: { ...noDemand(), views: ['all'] } }),
  )
  fixture.add(
    'all',
    emitComplete({ store: 'sums', key: stringSerde, everyMs: 10, demand: heard, ...options }),
  )
  for (const key of 'dbcabcc') await fixture.process('agg', key, 1, 5)
  fixture.wallClock = 10
  return fixture
}

async function panesOf(retentionMs: number) {
  const shape = { sizeMs: 10, advanceMs: 5, graceMs: 0 }
  const settings = { name: 'w', key: stringSerde, value: longSerde, sizeMs: 5, retentionMs }
  const fixture = new OperatorFixture(await openState(memoryByteStore(), [windowSpec(settings)]))
  const demand = { ...noDemand(), views: ['all'] }
  const options = { store: 'w', shape, fold: countFold, retentionMs, demand }
  fixture.add(
    'agg',
    paneAggregate({ ...options, merge: countMerge, key: stringSerde, value: longSerde }),
  )
  const key = windowed(stringSerde, windows.hopping(10, { advance: 5 }))
  fixture.add('all', emitComplete({ store: 'w', key, everyMs: 10, shape, demand: heard }))
  return fixture
}

const most = (a: { readonly value: number }, b: { readonly value: number }) => b.value - a.value

describe('{ complete }', () => {
  test('tells the whole table once per interval, in the order of key bytes', async () => {
    const fixture = await complete()
    await fixture.emit()
    expect(fixture.takeRows('all')).toEqual([
      ['a', 1, 5],
      ['b', 2, 5],
      ['c', 3, 5],
      ['d', 1, 5],
    ])
    fixture.wallClock = 19
    await fixture.emit()
    expect(fixture.takeRows('all')).toEqual([])
    fixture.wallClock = 55
    await fixture.emit()
    expect(fixture.takeRows('all').length).toBe(4)
  })

  test.each([
    [1, ['c']],
    [3, ['c', 'b', 'a']],
    [10, ['c', 'b', 'a', 'd']],
  ])('sorted, with limit %p, a tie falls to the smaller key', async (limit, keys) => {
    const fixture = await complete({ sort: most as never, limit })
    await fixture.emit()
    expect(fixture.takeRows('all').map(([key]) => key)).toEqual(keys)
  })

  test('without an order the limit takes the first keys', async () => {
    const fixture = await complete({ limit: 2 })
    await fixture.emit()
    expect(fixture.takeRows('all').map(([key]) => key)).toEqual(['a', 'b'])
  })

  test('more rows than maxCompleteRows is an error that names limit; with a limit it is none', async () => {
    const fixture = await complete({})
    fixture.maxCompleteRows = 3
    await expect(fixture.emit()).rejects.toMatchObject({
      code: 'COMPLETE_TOO_LARGE',
      message: expect.stringContaining('`limit`'),
    })
    for (const sort of [undefined, most as never]) {
      const limited = await complete({ limit: 3, sort })
      limited.maxCompleteRows = 3
      await limited.emit()
      expect(limited.takeRows('all').length).toBe(3)
    }
  })

  test('of panes, a late record is in the windows that were open, not in those that had closed', async () => {
    const fixture = await panesOf(30)
    for (const time of [1, 12, 7]) await fixture.process('agg', 'k', 1, time)
    fixture.wallClock = 10
    await fixture.emit()
    expect(fixture.takeRows('all').map(([, n]) => n)).toEqual([1, 2, 1])
  })

  test('of panes, only windows that are whole and within the retention', async () => {
    const fixture = await panesOf(20)
    for (const time of [1, 7, 12, 31]) await fixture.process('agg', 'k', 1, time)
    fixture.wallClock = 10
    await fixture.emit()
    const rows = fixture
      .takeRows('all')
      .map(([window, n]) => [(window as { start: number }).start, n])
    expect(rows).toEqual([
      [25, 1],
      [30, 1],
    ])
    await fixture.process('agg', 'k', 1, 33)
    fixture.wallClock = 20
    await fixture.emit()
    expect(fixture.takeRows('all').map(([, n]) => n)).toEqual([2, 2])
  })
})
