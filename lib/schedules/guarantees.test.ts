/** At-least-once never drops and at-most-once never repeats, wherever the process dies. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { CRASH_POINTS } from '../runtime/crash-point.ts'
import { MemoryDisk } from '../state/memory.ts'
import { QUICK, World } from '../testing/world.ts'
import { begin, dedup, dieAt, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A7: at-least-once', () => {
  test.each(CRASH_POINTS)(
    'never drops as a repeat what it did not emit (killed at %s)',
    async (point) => {
      world = await begin()
      const disk = new MemoryDisk()
      const options = {
        ...QUICK,
        guarantee: 'at-least-once',
        commitInterval: '100ms',
        flush: { every: 50 },
      } as const
      const first = world.instance(dedup(), {
        ...options,
        disk,
        at: dieAt(point, point === 'purged' ? 1 : 3),
      })
      void first.app.start()
      const ids = Array.from({ length: 40 }, (_, at) => `id${at}`)
      for (let at = 0; at < ids.length; at += 5) {
        await world.produce('in', put(...ids.slice(at, at + 5)))
        await world.pass(point === 'purged' ? 5000 : 250)
      }
      await world.start(dedup(), { ...options, disk })
      await world.when(async () => new Set(await world.values()).size === ids.length, 'every id')
      expect(new Set(await world.values())).toEqual(new Set(ids))
    },
  )
})

describe('A7: outputs that are still on their way', () => {
  test('hold the commit of what remembers them back', async () => {
    const PRODUCE = 0
    world = await begin()
    const options = { ...QUICK, guarantee: 'at-least-once', commitInterval: '100ms' } as const
    const first = await world.start(dedup(), options)
    first.fate(({ apiKey, body }) => {
      const toOutput = apiKey === PRODUCE && Buffer.concat(body).includes('\u0004out')
      return toOutput ? 'lose request' : 'pass'
    })
    await world.produce('in', put('1', '2', '3'))
    await world.pass(1000)
    first.kill()
    await world.start(dedup(), options)
    await world.found(3)
    expect(await world.values()).toEqual(['1', '2', '3'])
  })
})

describe('B8: at-most-once', () => {
  const options = { ...QUICK, guarantee: 'at-most-once', commitInterval: '100ms' } as const

  test.each(['produced', 'offsets-sent', 'end-sent', 'committed', 'frozen'])(
    'never emits twice (killed at %s)',
    async (point) => {
      world = await begin()
      const disk = new MemoryDisk()
      const first = world.instance(dedup(), { ...options, disk, at: dieAt(point, 3) })
      void first.app.start()
      const ids = Array.from({ length: 40 }, (_, at) => `id${at}`)
      for (let at = 0; at < ids.length; at += 5) {
        await world.produce('in', put(...ids.slice(at, at + 5)))
        await world.pass(250)
      }
      await world.start(dedup(), { ...options, disk })
      await world.pass(20_000)
      const emitted = await world.values()
      expect(new Set(emitted).size).toBe(emitted.length)
      expect(emitted.length).toBeGreaterThan(10)
    },
  )

  test('joins again after a commit that was not answered, before it processes', async () => {
    const OFFSET_COMMIT = 8
    world = await begin()
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to('out')
    const instance = await world.start(builder.build(), options)
    await world.produce('in', put('1', '2'))
    await world.found(2)
    let lost = 0
    instance.fate(({ apiKey }) =>
      apiKey === OFFSET_COMMIT && ++lost === 1 ? 'lose answer' : 'pass',
    )
    await world.produce('in', put('3', '4'))
    await world.pass(10_000)
    await world.produce('in', put('5', '6'))
    await world.when(async () => (await world.values()).includes('6'), 'goes on')
    const emitted = await world.values()
    expect(new Set(emitted).size).toBe(emitted.length)
    expect(world.said('joined the group')).toBe(2)
  })
})

describe('A clean rebalance', () => {
  test('commits before it joins, so that at-least-once repeats nothing', async () => {
    world = new World()
    await world.topics({ in: 2, out: 1 })
    const options = {
      ...QUICK,
      guarantee: 'at-least-once',
      commitInterval: '30s',
      transactionTimeout: '60s',
    } as const
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to('out')
    const topology = builder.build()
    await world.start(topology, options)
    await world.produce('in', [...put('1', '2'), { key: 'k', value: '3', partition: 1 }])
    await world.found(3)
    await world.start(topology, options)
    await world.produce('in', put('4'))
    await world.found(4)
    await world.pass(5000)
    expect((await world.values()).sort()).toEqual(['1', '2', '3', '4'])
  })
})
