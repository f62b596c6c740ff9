/** State that comes back: from a disk that stood still, from a changelog, or from both. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { MemoryDisk } from '../state/memory.ts'
import { QUICK, type World } from '../testing/world.ts'
import { appendTo, begin, dieAt, PATIENT, processed, put } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A3: a task that comes back', () => {
  test('replays on top of the rows that it had pending, never beneath them', async () => {
    world = await begin()
    const first = await world.start(appendTo('rows'), {
      ...QUICK,
      instanceId: 'b',
      flush: { every: '1h' },
    })
    await world.produce('in', put('1', '2'))
    await world.found(2)
    // Away and back: the other one takes over while this one sleeps, its rows still pending.
    first.pause(10_000)
    const second = await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('3', '4'))
    await world.found(4)
    await world.pass(10_000)
    await world.until(second.app.stop())
    await world.produce('in', put('5'))
    await world.found(5)
    expect(await world.values()).toEqual(['1', '12', '123', '1234', '12345'])
  })

  test('has nothing left of a span that was open when it was lost', async () => {
    world = await begin()
    const first = await world.start(appendTo('rows'), {
      ...PATIENT,
      instanceId: 'b',
      commitInterval: '5s',
    })
    await world.produce('in', put('1'))
    await world.found(1)
    await world.produce('in', put('2'))
    await world.when(() => processed(first) > 1, 'an open span')
    first.pause(10_000)
    const second = await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('3'))
    await world.found(3)
    await world.pass(10_000)
    await world.until(second.app.stop())
    await world.produce('in', put('4'))
    await world.found(4)
    expect(await world.values()).toEqual(['1', '12', '123', '1234'])
  })
})

describe('A5: a store that was away too long', () => {
  test('is rebuilt, for a deletion that it never saw may have been compacted away', async () => {
    world = await begin()
    const old = new MemoryDisk()
    const first = await world.start(appendTo('rows'), { ...QUICK, disk: old })
    await world.produce('in', put('5'))
    await world.found(1)
    await world.until(first.app.stop())
    const second = await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('-', '-'))
    await world.found(3)
    await world.until(second.app.stop())
    await world.pass(5 * 86_400_000)
    const third = await world.start(appendTo('rows'), { ...QUICK, disk: old })
    expect(third.metrics.get('millrace_store_rebuilt_total', { store: 'rows' })).toBe(1)
    await world.produce('in', put('6'))
    await world.found(4)
    expect((await world.values()).at(-1)).toBe('6')
  })
})

describe('requireStable and the end of a restore', () => {
  test.each([1, 2, 3, 4, 5, 6])('wait for markers that are slow (seed %i)', async (seed) => {
    const transactionVersion = seed % 2 === 0 ? 2 : 1
    // The offsets may be visible long before the changelog rows of the same transaction, or after.
    world = await begin({ transactionVersion, markerDelayMs: [3000, 9000] }, seed)
    const point = seed % 3 === 0 ? 'end-sent' : 'committed'
    const first = world.instance(appendTo('rows'), { ...QUICK, at: dieAt(point, 3) })
    void first.app.start()
    for (const value of ['1', '2']) {
      await world.produce('in', put(value))
      await world.pass(12_000)
    }
    await world.produce('in', put('3'))
    await world.pass(200)
    await world.produce('in', put('4'))
    // Another disk: its state comes from the changelog alone.
    await world.start(appendTo('rows'), QUICK)
    await world.found(4)
    expect(await world.values()).toEqual(['1', '12', '123', '1234'])
  })
})
