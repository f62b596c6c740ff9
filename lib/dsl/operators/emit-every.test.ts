import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { booleanSerde, longSerde } from '../../core/serdes/numbers.ts'
import { stringSerde } from '../../core/serdes/text.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { keyValueSpec, windowSpec } from '../../state/store-spec.ts'
import { aggregate } from './aggregate.ts'
import { noDemand } from './demand.ts'
import { emitEveryRows } from './emit-every-rows.ts'
import { emitEveryWindows } from './emit-every-windows.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'
import { aggregateFold, countFold, countMerge } from './folds.ts'
import { paneAggregate } from './pane-aggregate.ts'
import type { WindowShape } from './window-shape.ts'
import { windowedAggregate } from './windowed-aggregate.ts'

const heard = { ...noDemand(), updates: true }
const FOREVER = Number.POSITIVE_INFINITY

/** A sum per key that a negative value deletes, told every 8 s. */
async function sums() {
  const state = await openState(memoryByteStore(), [
    keyValueSpec({ name: 'sums', key: stringSerde, value: longSerde }),
    keyValueSpec({ name: 'owed', key: stringSerde, value: booleanSerde }),
  ])
  const fixture = new OperatorFixture(state)
  const fold = aggregateFold(
    () => 0,
    (sum: number, value: number) => (value < 0 ? null : sum + value),
  )
  fixture.add(
    'agg',
    aggregate({ store: 'sums', fold, demand: { ...noDemand(), views: ['every'] } }),
  )
  fixture.add('every', emitEveryRows({ store: 'sums', owed: 'owed', everyMs: 8, demand: heard }))
  const commitAt = async (wallClock: number) => {
    fixture.wallClock = wallClock
    await fixture.emit()
    state.commit()
    fixture.commitNumbers()
    return fixture.takeRows('every')
  }
  const crash = () => {
    state.abort()
    fixture.remake()
    fixture.take('every')
  }
  return { fixture, commitAt, crash }
}

describe('{ every }', () => {
  test('tells changed rows once, in the first commit at or after a multiple of the interval', async () => {
    const { fixture, commitAt } = await sums()
    fixture.wallClock = 1
    await fixture.process('agg', 'b', 1, 10)
    await fixture.process('agg', 'a', 2, 11)
    expect(await commitAt(5)).toEqual([])
    await fixture.process('agg', 'b', 4, 12)
    expect(await commitAt(9)).toEqual([
      ['a', 2, 11],
      ['b', 5, 12],
    ])
    expect(await commitAt(16)).toEqual([])
    await fixture.process('agg', 'a', -1, 20)
    expect(await commitAt(30)).toEqual([['a', undefined, 20]])
  })

  test('owes after a crash what it owed before: changed at 1, committed, crash at 5, told at 8', async () => {
    const { fixture, commitAt, crash } = await sums()
    fixture.wallClock = 1
    await fixture.process('agg', 'k', 1, 1)
    await commitAt(2)
    await fixture.process('agg', 'lost', 1, 1)
    crash()
    expect(await commitAt(8)).toEqual([['k', 1, 1]])
  })

  test('an emission that is aborted comes with the next commit, and none is told twice', async () => {
    const { fixture, commitAt, crash } = await sums()
    await fixture.process('agg', 'k', 1, 1)
    await commitAt(2)
    fixture.wallClock = 9
    await fixture.emit()
    expect(fixture.takeRows('every')).toEqual([['k', 1, 1]])
    crash()
    expect(await commitAt(10)).toEqual([['k', 1, 1]])
    crash()
    expect(await commitAt(17)).toEqual([])
  })

  test('a record that fails makes nothing owed', async () => {
    const { fixture, commitAt } = await sums()
    await fixture.process('agg', 'a', 1, 1)
    fixture.failNext = true
    await expect(fixture.process('agg', 'b', 1, 1)).rejects.toThrow('fails')
    expect(await commitAt(8)).toEqual([['a', 1, 1]])
  })
})

const shapes = fc
  .record({
    advanceMs: fc.integer({ min: 1, max: 5 }),
    more: fc.integer({ min: 0, max: 9 }),
    graceMs: fc.constantFrom(0, 6),
  })
  .map(
    ({ advanceMs, more, graceMs }): WindowShape => ({
      advanceMs,
      sizeMs: advanceMs + more,
      graceMs,
    }),
  )

const steps = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    step: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -9, max: 8 }) },
      fc.integer({ min: 20, max: 60 }),
    ),
    wallMs: fc.integer({ min: 0, max: 4 }),
    after: fc.constantFrom('nothing', 'nothing', 'commit', 'crash'),
  }),
  { minLength: 1, maxLength: 30 },
)

interface Step {
  readonly key: string
  readonly step: number
  readonly wallMs: number
  readonly after: string
}

/** Counts in windows, told every 10 ms of wall-clock time. */
async function countsOf(shape: WindowShape, panes: boolean) {
  const retentionMs = shape.sizeMs + shape.graceMs
  const settings = { key: stringSerde, value: longSerde, sizeMs: shape.sizeMs }
  const state = await openState(memoryByteStore(), [
    windowSpec({ ...settings, name: 'w', retentionMs }),
    windowSpec({ ...settings, name: 'owed', retentionMs: FOREVER }),
  ])
  const fixture = new OperatorFixture(state)
  const demand = { ...noDemand(), updates: true, views: ['every'] }
  const options = { store: 'w', shape, fold: countFold, retentionMs, demand }
  fixture.add(
    'agg',
    panes
      ? paneAggregate({ ...options, merge: countMerge, key: stringSerde, value: longSerde })
      : windowedAggregate(options),
  )
  fixture.add(
    'every',
    emitEveryWindows({ store: 'w', owed: 'owed', shape, everyMs: 10, demand: heard }),
  )
  return { fixture, state }
}

type Rows = ReturnType<OperatorFixture['takeRows']>

/** What `{ every: 10 }` owes and when it is due, by the rule. */
class OwedModel {
  #owed = new Map<string, unknown>()
  #changed = new Map<string, unknown>()
  /** The last multiple of the interval that was seen, as committed and in the open span. */
  #committed: number | undefined
  #seen: number | undefined

  changed(rows: Rows, now: number): void {
    for (const [window, value] of rows) this.#changed.set(JSON.stringify(window), value)
    if (rows.length > 0) this.#seen ??= slotOf(now)
  }

  crash(): void {
    this.#changed.clear()
    this.#seen = this.#committed
  }

  commit(told: Rows, now: number): void {
    for (const [window, value] of this.#changed) this.#owed.set(window, value)
    this.#changed.clear()
    const due = this.#seen !== undefined && slotOf(now) > this.#seen
    const expected = due ? this.#owed : new Map<string, unknown>()
    expect(new Map(told.map(([window, value]) => [JSON.stringify(window), value]))).toEqual(
      expected,
    )
    expect(told.length).toBe(expected.size)
    if (due) this.#owed = new Map()
    this.#seen = slotOf(now)
    this.#committed = this.#seen
  }
}

function slotOf(now: number): number {
  return now - (now % 10)
}

async function runEvery(shape: WindowShape, list: readonly Step[], panes: boolean): Promise<void> {
  const { fixture, state } = await countsOf(shape, panes)
  const model = new OwedModel()
  let time = 0
  for (const { key, step, wallMs, after } of list) {
    fixture.wallClock += wallMs
    time = Math.max(0, time + step)
    await fixture.process('agg', key, 1, time)
    model.changed(fixture.takeRows('agg'), fixture.wallClock)
    if (after === 'crash') {
      state.abort()
      fixture.remake()
      model.crash()
    } else if (after === 'commit') {
      await fixture.emit()
      model.commit(fixture.takeRows('every'), fixture.wallClock)
      state.commit()
      fixture.commitNumbers()
    }
  }
}

describe('{ every } of windows', () => {
  test.each([
    ['kept apart', false],
    ['made of panes', true],
  ])(
    '%s: each that changed, as it stands when it is due, whatever expires or crashes',
    async (_name, panes) => {
      await fc.assert(
        fc.asyncProperty(shapes, steps, (shape, list) => runEvery(shape, list, panes)),
        { numRuns: 100 },
      )
    },
  )
})
