/** Windows kept apart and panes, and the views of both, against a model of Kafka Streams' rule. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { json } from '../../core/serdes/json.ts'
import { longSerde } from '../../core/serdes/numbers.ts'
import { stringSerde } from '../../core/serdes/text.ts'
import type { Windowed } from '../../core/windows.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { windowSpec } from '../../state/store-spec.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import { noDemand } from './demand.ts'
import { emitFinal } from './emit-final.ts'
import { emitWindows } from './emit-windows.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'
import {
  aggregateFold,
  countFold,
  countMerge,
  type Fold,
  type Merge,
  mergeBy,
  reduceFold,
} from './folds.ts'
import { paneAggregate } from './pane-aggregate.ts'
import { paneMs, type WindowShape } from './window-shape.ts'
import { windowedAggregate } from './windowed-aggregate.ts'

interface Kind {
  readonly name: string
  readonly fold: Fold
  readonly merge: Merge
  readonly value: ErasedSerde
}

interface Sum {
  n: number
  most: number
}

const KINDS: readonly Kind[] = [
  { name: 'count', fold: countFold, merge: countMerge, value: longSerde },
  {
    name: 'reduce, commutative',
    fold: reduceFold((a: number, b: number) => Math.max(a, b)),
    merge: mergeBy((a: number, b: number) => Math.max(a, b)),
    value: longSerde,
  },
  {
    // Both change their first argument in place: nothing that is kept may be among what they change.
    name: 'aggregate with merge',
    fold: aggregateFold(
      () => ({ n: 0, most: 0 }),
      (sum: Sum, value: number) => {
        sum.n++
        sum.most = Math.max(sum.most, value)
        return sum
      },
    ),
    merge: mergeBy((left: Sum, right: Sum) => {
      left.n += right.n
      left.most = Math.max(left.most, right.most)
      right.n = -1
      return left
    }),
    value: json<Sum>(),
  },
]

interface Input {
  readonly key: string
  readonly value: number
  readonly timestamp: number
  /** The record fails, and leaves nothing. */
  readonly fails: boolean
  /** What happens behind it. */
  readonly after: 'nothing' | 'commit' | 'abort'
}

/** Mostly forward, sometimes back, now and then far ahead. */
const steps = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    value: fc.integer({ min: 0, max: 9 }),
    step: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -12, max: 9 }) },
      { weight: 1, arbitrary: fc.integer({ min: 10, max: 120 }) },
    ),
    after: fc.constantFrom<Input['after']>('nothing', 'nothing', 'nothing', 'commit', 'abort'),
    fails: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  }),
  { minLength: 1, maxLength: 40 },
)

const inputs = steps.map((list) => {
  let time = 0
  return list.map(({ step, ...input }): Input => {
    time = Math.max(0, time + step)
    return { ...input, timestamp: time }
  })
})

const shapes = fc
  .record({
    advanceMs: fc.integer({ min: 1, max: 6 }),
    more: fc.integer({ min: 0, max: 14 }),
    graceMs: fc.constantFrom(0, 3, 7, 20),
  })
  .map(
    ({ advanceMs, more, graceMs }): WindowShape => ({
      advanceMs,
      sizeMs: advanceMs + more,
      graceMs,
    }),
  )

/** The last record is late for the first window of its pane, not for the others: random ones seldom are. */
const LATE_FOR_SOME: [WindowShape, Input[]] = [
  { sizeMs: 3, advanceMs: 1, graceMs: 0 },
  [
    { key: 'c', value: 0, timestamp: 0, fails: false, after: 'nothing' },
    { key: 'a', value: 0, timestamp: 3, fails: false, after: 'nothing' },
    { key: 'c', value: 0, timestamp: 2, fails: false, after: 'nothing' },
  ],
]

type Row = readonly [window: string, value: unknown, timestamp: number]

interface Outcome {
  readonly updates: readonly Row[]
  readonly commits: readonly Row[]
  readonly finals: readonly Row[]
  readonly late: readonly string[]
}

async function fixtureOf(kind: Kind, shape: WindowShape, panes: boolean) {
  const retentionMs = shape.sizeMs + shape.graceMs
  const sizeMs = panes ? paneMs(shape) : shape.sizeMs
  const state = await openState(memoryByteStore(), [
    windowSpec({ name: 'w', key: stringSerde, value: kind.value, sizeMs, retentionMs }),
  ])
  const fixture = new OperatorFixture(state)
  const demand = { ...noDemand(), updates: true, views: ['commit', 'final'] }
  const options = { store: 'w', shape, fold: kind.fold, retentionMs, late: 'late', demand }
  fixture.add(
    'agg',
    panes
      ? paneAggregate({ ...options, merge: kind.merge, key: stringSerde, value: kind.value })
      : windowedAggregate(options),
  )
  const updates = { ...noDemand(), updates: true }
  fixture.add('commit', emitWindows({ store: 'w', shape, key: stringSerde, demand: updates }))
  fixture.add('final', emitFinal({ store: 'w', shape, demand: updates }))
  return { fixture, state }
}

function nameOf(key: unknown): string {
  const window = key as Windowed<string>
  return `${window.key}@${window.start}-${window.end}`
}

/** What comes out of committed spans: an abort is followed by its span once more. */
async function run(
  kind: Kind,
  shape: WindowShape,
  panes: boolean,
  records: readonly Input[],
): Promise<Outcome> {
  const { fixture, state } = await fixtureOf(kind, shape, panes)
  const outcome = {
    updates: [] as Row[],
    commits: [] as Row[],
    finals: [] as Row[],
    late: [] as string[],
  }
  const collect = (node: string, into: Row[]) => {
    for (const [key, now, timestamp] of fixture.takeRows(node))
      into.push([nameOf(key), now, timestamp])
  }
  const commit = async () => {
    await fixture.emit()
    collect('agg', outcome.updates)
    collect('commit', outcome.commits)
    collect('final', outcome.finals)
    for (const { key, timestamp } of fixture.take('late'))
      outcome.late.push(`${String(key)}@${timestamp}`)
    state.commit()
    fixture.commitNumbers()
  }
  const pass = async ({ key, value, timestamp, fails }: Input) => {
    fixture.failNext = fails
    const done = fixture.process('agg', key, value, timestamp)
    if (fails) await expect(done).rejects.toThrow('fails')
    else await done
  }
  let span: Input[] = []
  for (const record of records) {
    await pass(record)
    span.push(record)
    if (record.after === 'nothing') continue
    if (record.after === 'abort') {
      await fixture.emit()
      for (const node of ['agg', 'commit', 'final', 'late']) fixture.take(node)
      state.abort()
      fixture.remake()
      for (const again of span) await pass(again)
    }
    await commit()
    span = []
  }
  await commit()
  return outcome
}

/** Kafka Streams' rule, window by window. */
function model(kind: Kind, shape: WindowShape, records: readonly Input[]) {
  const { sizeMs, advanceMs, graceMs } = shape
  const table = new Map<string, { start: number; key: string; row: Row }>()
  const updates: Row[] = []
  const late: string[] = []
  let time = -1
  for (const { key, value, timestamp, fails } of records) {
    if (fails) continue
    time = Math.max(time, timestamp)
    let taken = false
    for (let start = 0; start <= timestamp; start += advanceMs) {
      if (start + sizeMs <= timestamp || start + sizeMs <= time - graceMs) continue
      taken = true
      const window = `${key}@${start}-${start + sizeMs}`
      const before = table.get(window)?.row
      const now = kind.fold(structuredClone(before?.[1]), value, key)
      const row: Row = [window, now, Math.max(before?.[2] ?? 0, timestamp)]
      table.set(window, { start, key, row })
      updates.push(row)
    }
    if (!taken) late.push(`${key}@${timestamp}`)
  }
  const finals = [...table.values()]
    .filter(({ start }) => start + sizeMs <= time - graceMs)
    .sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1))
    .map(({ row }) => row)
  return { updates, finals, late, table }
}

function lastOf(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row[0], row]))
}

describe.each(KINDS)('windows of $name', (kind) => {
  test.each([
    ['kept apart', false],
    ['made of panes', true],
  ])(
    '%s: updates, last changes per commit, finals once and in order, late ones aside, as by the rule',
    async (_name, panes) => {
      await fc.assert(
        fc.asyncProperty(shapes, inputs, async (shape, records) => {
          const told = await run(kind, shape, panes, records)
          const expected = model(kind, shape, records)
          expect(told.updates).toEqual(expected.updates)
          expect(told.finals).toEqual(expected.finals)
          expect(told.late).toEqual(expected.late)
          expect(lastOf(told.commits)).toEqual(lastOf(expected.updates))
        }),
        { numRuns: 50, examples: [LATE_FOR_SOME] },
      )
    },
  )
})

describe('a view once per commit', () => {
  test('tells each window that changed once, with its last value', async () => {
    const shape = { sizeMs: 10, advanceMs: 5, graceMs: 5 }
    const record = (key: string, timestamp: number, after: Input['after'] = 'nothing'): Input => ({
      key,
      value: 1,
      timestamp,
      fails: false,
      after,
    })
    const records = [
      record('b', 6),
      record('a', 7),
      record('b', 8),
      record('b', 11, 'commit'),
      record('a', 7),
    ]
    for (const panes of [false, true]) {
      const { commits } = await run(KINDS[0] as Kind, shape, panes, records)
      expect(commits).toEqual([
        ['b@0-10', 2, 8],
        ['b@5-15', 3, 11],
        ['b@10-20', 1, 11],
        ['a@0-10', 1, 7],
        ['a@5-15', 1, 7],
        ['a@0-10', 2, 7],
        ['a@5-15', 2, 7],
      ])
    }
  })
})

describe('late records', () => {
  test('without a branch are dropped and counted with how far behind they were', async () => {
    const shape = { sizeMs: 10, advanceMs: 10, graceMs: 0 }
    const state = await openState(memoryByteStore(), [
      windowSpec({ name: 'w', key: stringSerde, value: longSerde, sizeMs: 10, retentionMs: 10 }),
    ])
    const fixture = new OperatorFixture(state)
    fixture.add(
      'agg',
      windowedAggregate({
        store: 'w',
        shape,
        fold: countFold,
        retentionMs: 10,
        demand: noDemand(),
      }),
    )
    await fixture.process('agg', 'k', 1, 25)
    await fixture.process('agg', 'k', 1, 19)
    expect(fixture.drops).toEqual([{ reason: 'late', lateBy: 1 }])
  })
})
