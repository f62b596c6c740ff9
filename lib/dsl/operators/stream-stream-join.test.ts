import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { stringSerde } from '../../core/serdes/text.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { joinBufferSpec } from '../../state/store-spec.ts'
import { OperatorFixture } from './fixture.ts'
import { openState } from './fixture-state.ts'
import { streamJoinSide } from './stream-stream-join.ts'

interface Times {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

interface Input {
  readonly side: 'left' | 'right'
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

const joiner = (left: string, right: string, key: string) => `${key}:${left}-${right}`

async function fixtureOf(times: Times) {
  const retentionMs = times.beforeMs + times.afterMs + times.graceMs
  const settings = { key: stringSerde, value: stringSerde, retentionMs }
  const state = await openState(memoryByteStore(), [
    joinBufferSpec({ ...settings, name: 'l' }),
    joinBufferSpec({ ...settings, name: 'r' }),
  ])
  const fixture = new OperatorFixture(state)
  fixture.add('left', streamJoinSide({ side: 'left', own: 'l', other: 'r', ...times, joiner }))
  fixture.add('right', streamJoinSide({ side: 'right', own: 'r', other: 'l', ...times, joiner }))
  const commit = async () => {
    await fixture.emit()
    state.commit()
    fixture.commitNumbers()
  }
  return { fixture, state, commit }
}

async function run(times: Times, inputs: readonly Input[], every = 3): Promise<readonly string[]> {
  const { fixture, state, commit } = await fixtureOf(times)
  const joined: string[] = []
  for (const [index, { side, key, value, timestamp }] of inputs.entries()) {
    await fixture.process(side, key, value, timestamp)
    for (const told of fixture.take(side)) joined.push(`${String(told.value)}@${told.timestamp}`)
    if (index % every !== every - 1) continue
    await commit()
    // A takeover: all that a side knows is rows and committed numbers.
    state.abort()
    fixture.remake()
  }
  return joined
}

/** Every record against every earlier one of the other side that is still kept. */
function model(times: Times, inputs: readonly Input[]): readonly string[] {
  const { beforeMs, afterMs, graceMs } = times
  // What is as old as the newest is kept, even where nothing else is.
  const keptMs = Math.max(1, beforeMs + afterMs + graceMs)
  const newest = { left: -1, right: -1 }
  const kept: Input[] = []
  const joined: string[] = []
  for (const input of inputs) {
    const { side, key, value, timestamp } = input
    if (key === null || value === null) continue
    const other = side === 'left' ? 'right' : 'left'
    newest[side] = Math.max(newest[side], timestamp)
    const old = (at: number, of: 'left' | 'right') => at <= newest[of] - keptMs
    const matches = kept
      .filter((row) => row.side === other && row.key === key && !old(row.timestamp, other))
      .filter((row) => {
        const [left, right] =
          side === 'left' ? [timestamp, row.timestamp] : [row.timestamp, timestamp]
        return right >= left - beforeMs && right <= left + afterMs
      })
      .sort((a, b) => a.timestamp - b.timestamp)
    for (const row of matches) {
      const pair = side === 'left' ? `${value}-${row.value}` : `${row.value}-${value}`
      joined.push(`${key}:${pair}@${Math.max(timestamp, row.timestamp)}`)
    }
    if (!old(timestamp, side)) kept.push(input)
  }
  return joined
}

const inputs = fc
  .array(
    fc.record({
      side: fc.constantFrom<'left' | 'right'>('left', 'right'),
      key: fc.constantFrom('a', 'b', null),
      empty: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      step: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -20, max: 12 }) },
        fc.integer({ min: 20, max: 80 }),
      ),
    }),
    { maxLength: 40 },
  )
  .map((list) => {
    let time = 0
    return list.map(({ step, side, key, empty }, index): Input => {
      time = Math.max(0, time + step)
      return { side, key, value: empty ? null : `v${index}`, timestamp: time }
    })
  })

const times = fc.record({
  beforeMs: fc.integer({ min: 0, max: 10 }),
  afterMs: fc.integer({ min: 0, max: 10 }),
  graceMs: fc.constantFrom(0, 5, 30),
})

describe('an inner join of two streams', () => {
  test('joins what every pair by itself would be, in order, over takeovers', async () => {
    await fc.assert(
      fc.asyncProperty(times, inputs, async (shape, list) => {
        expect(await run(shape, list)).toEqual(model(shape, list))
      }),
      { numRuns: 300 },
    )
  })

  test('bounds are inclusive, and seen from the left', async () => {
    const right = (timestamp: number): Input => ({
      side: 'right',
      key: 'k',
      value: `${timestamp}`,
      timestamp,
    })
    const left: Input = { side: 'left', key: 'k', value: 'l', timestamp: 100 }
    const list = [right(89), right(90), right(103), right(104), left]
    expect(await run({ beforeMs: 10, afterMs: 3, graceMs: 50 }, list)).toEqual([
      'k:l-90@100',
      'k:l-103@103',
    ])
    expect(
      await run({ beforeMs: 10, afterMs: 3, graceMs: 50 }, [left, ...list.slice(0, 4)]),
    ).toEqual(['k:l-90@100', 'k:l-103@103'])
  })

  test('null keys and values are dropped; a record too old to be kept is counted, and still meets others', async () => {
    const { fixture } = await fixtureOf({ beforeMs: 10, afterMs: 10, graceMs: 0 })
    await fixture.process('left', null, 'v', 1)
    await fixture.process('left', 'k', null, 1)
    await fixture.process('right', 'k', 'r', 5)
    await fixture.process('left', 'k', 'l', 100)
    await fixture.process('left', 'k', 'old', 6)
    expect(fixture.take('left').map(({ value }) => value)).toEqual(['k:old-r'])
    expect(fixture.drops.map(({ reason }) => reason)).toEqual(['null_key', 'null_value', 'expired'])
  })

  test('what the other side is too far beyond is not met, whether or not a commit has come between', async () => {
    const at = (side: Input['side'], timestamp: number): Input => ({
      side,
      key: 'k',
      value: 'v',
      timestamp,
    })
    const list = [at('right', 5), at('right', 100), at('left', 6)]
    for (const every of [1, 9])
      expect(await run({ beforeMs: 10, afterMs: 10, graceMs: 0 }, list, every)).toEqual([])
  })

  test('records of one key and time are all kept', async () => {
    const at = (side: Input['side'], value: string): Input => ({
      side,
      key: 'k',
      value,
      timestamp: 5,
    })
    const list = [at('left', 'a'), at('left', 'b'), at('right', 'x')]
    expect(await run({ beforeMs: 0, afterMs: 0, graceMs: 0 }, list, 1)).toEqual([
      'k:a-x@5',
      'k:b-x@5',
    ])
  })
})
