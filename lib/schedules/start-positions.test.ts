/** Where a source begins to read is decided once. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { QUICK, type World } from '../testing/world.ts'
import { begin, dieAt, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('B13: a start position', () => {
  test('is resolved once, by the first owner, before it has read anything', async () => {
    world = await begin()
    const builder = new StreamsBuilder()
    builder.stream('in', { ...texts, start: 'latest' }).to('out')
    const topology = builder.build()
    await world.produce('in', put('before'))
    const first = await world.start(topology, { ...QUICK, at: dieAt('frozen', 1) })
    await world.produce('in', put('1', '2'))
    await world.pass(1000)
    first.kill()
    await world.produce('in', put('3'))
    await world.start(topology, QUICK)
    await world.found(3)
    expect(await world.values()).toEqual(['1', '2', '3'])
  })

  test('does not count for partitions that are found later', async () => {
    world = await begin()
    const builder = new StreamsBuilder()
    builder.stream(/in.*/, { ...texts, start: 'latest' }).to('out')
    const topology = builder.build()
    const first = await world.start(topology, QUICK)
    await world.pass(1000)
    await world.until(first.app.stop())
    await world.topics({ 'in-2': 1 })
    await world.produce('in-2', put('1', '2'))
    await world.start(topology, QUICK)
    await world.found(2)
    expect(await world.values()).toEqual(['1', '2'])
  })
})
