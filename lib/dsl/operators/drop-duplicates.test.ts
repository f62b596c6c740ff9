import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { stringSerde } from '../../core/serdes/text.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { dedupSpec } from '../../state/store-spec.ts'
import { dropDuplicates } from './drop-duplicates.ts'
import { idChars } from './duplicate-id.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'

async function fixtureOf(
  withinMs: number,
  id: (value: never) => unknown = (value: string) => value,
) {
  const state = await openState(memoryByteStore(), [
    dedupSpec({ name: 'ids', key: stringSerde, horizonMs: withinMs }),
  ])
  const fixture = new OperatorFixture(state)
  fixture.add('d', dropDuplicates({ store: 'ids', id, withinMs }))
  return { fixture, state }
}

interface Step {
  readonly id: string
  readonly step: number
  readonly after: string
}

/** What is known of ids: when each arrived, by the highest time seen. */
interface Known {
  newest: number
  arrivals: Map<string, number>
}

/** Whether a record passes, and why it is counted. */
function decide(known: Known, id: string, time: number, withinMs: number): string {
  known.newest = Math.max(known.newest, time)
  if (time < known.newest - withinMs) return 'expired'
  const arrived = known.arrivals.get(id)
  if (arrived !== undefined && known.newest - arrived <= withinMs) return 'repeat'
  known.arrivals.set(id, known.newest)
  return 'new'
}

async function compareWithModel(withinMs: number, list: readonly Step[]): Promise<void> {
  const { fixture, state } = await fixtureOf(withinMs)
  let time = 0
  let known: Known = { newest: -1, arrivals: new Map() }
  for (const { id, step, after } of list) {
    time = Math.max(0, time + step)
    const before = { newest: known.newest, arrivals: new Map(known.arrivals) }
    const outcome = decide(known, id, time, withinMs)
    await fixture.process('d', 'k', id, time)
    expect(fixture.take('d').length).toBe(outcome === 'repeat' ? 0 : 1)
    expect(fixture.drops.splice(0).map(({ reason }) => reason)).toEqual(
      outcome === 'new' ? [] : [outcome],
    )
    if (after === 'abort') {
      state.abort()
      known = before
    } else {
      state.commit()
      fixture.commitNumbers()
    }
    if (after !== 'nothing') fixture.remake()
  }
}

describe('dropDuplicates', () => {
  test('lets the first record of an id of each key through', async () => {
    const { fixture } = await fixtureOf(100)
    for (const [key, value] of [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'x'],
      ['a', 'x'],
    ])
      await fixture.process('d', key, value, 5)
    expect(fixture.take('d').map(({ key, value }) => `${key}${value}`)).toEqual(['ax', 'ay', 'bx'])
    expect(fixture.drops).toEqual([{ reason: 'repeat', lateBy: undefined }])
  })

  test('a null value passes; a null key is dropped', async () => {
    const { fixture } = await fixtureOf(100)
    for (const [key, value] of [
      ['a', null],
      ['a', null],
      [null, 'x'],
    ])
      await fixture.process('d', key, value, 5)
    expect(fixture.take('d').length).toBe(2)
    expect(fixture.drops.map(({ reason }) => reason)).toEqual(['null_key'])
  })

  test('drops repeats within the horizon of their arrival, passes and counts what is older than it', async () => {
    const steps = fc.array(
      fc.record({
        id: fc.constantFrom('x', 'y'),
        step: fc.oneof(
          { weight: 5, arbitrary: fc.integer({ min: -15, max: 10 }) },
          fc.integer({ min: 15, max: 60 }),
        ),
        after: fc.constantFrom('nothing', 'takeover', 'abort'),
      }),
    )
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 20 }), steps, compareWithModel))
  })

  test('an id is a value: kinds and nestings do not meet, equal ones do', () => {
    const ids = [
      '1',
      1,
      1n,
      true,
      Buffer.from('1'),
      ['1'],
      [['1']],
      ['1', '1'],
      ['11'],
      '',
      [],
      1.5,
      'é',
    ]
    expect(new Set(ids.map((id) => idChars(id))).size).toBe(ids.length)
    expect(idChars(['a', -0])).toBe(idChars(['a', 0]))
    expect(idChars('ab')).toBe('s\0\0\0\x02ab')
    expect(idChars('é')).toBe('s\0\0\0\x02\xc3\xa9')
    expect(idChars(-12n)).toBe('i\0\0\0\x03-12')
  })

  test.each([[null], [undefined], [{}]])('%p is no id, and the record is told so', async (id) => {
    const { fixture } = await fixtureOf(5, () => id)
    await expect(fixture.process('d', 'k', 'v', 1)).rejects.toThrow('give a string, number')
  })
})
