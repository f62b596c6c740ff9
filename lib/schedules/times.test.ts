/** Times far behind and far ahead of the clock. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { windows } from '../core/windows.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { QUICK, START, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { begin, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A4: windows of long ago', () => {
  test('survive in their changelog, whatever the age of their rows', async () => {
    world = new World()
    const configs = { 'retention.ms': '-1' }
    await world.until(
      world.admin.createTopics(
        ['in', 'out'].map((name) => ({ name, partitions: 1, replicationFactor: 1, configs })),
      ),
    )
    const builder = (): Topology => {
      const made = new StreamsBuilder()
      made
        .stream('in', texts)
        .groupByKey()
        .windowedBy(windows.tumbling('1h', { grace: '1h' }))
        .count({ store: 'hours' })
        .toStream()
        .map((count, { key }) => ({ key, value: `${count}` }), texts)
        .to('out')
      return made.build()
    }
    const long = START - 30 * 86_400_000
    const old = (n: number) =>
      Array.from({ length: n }, () => ({ key: 'k', value: 'v', timestamp: long }))
    const first = await world.start(builder(), QUICK)
    await world.produce('in', old(3))
    await world.found(3)
    await world.until(first.app.stop())
    await world.pass(600_000)
    await world.start(builder(), QUICK)
    await world.produce('in', old(1))
    await world.found(4)
    expect((await world.values()).at(-1)).toBe('4')
  })
})

describe('B4: times far ahead', () => {
  test('that the application accepts are accepted by its own topics', async () => {
    world = await begin()
    const far = START + 8 * 3_600_000
    const builder = new StreamsBuilder()
    builder
      .stream('in', { ...texts, timestamp: () => far })
      .groupBy((value) => value, { key: serdes.string, name: 'by-value' })
      .count({ store: 'n' })
      .toStream()
      .map((count, key) => ({ key, value: `${count}`, timestamp: START }), texts)
      .to('out')
    await world.start(builder.build(), { ...QUICK, maxFutureSkew: '1d' })
    await world.produce('in', put('a', 'a'))
    await world.found(2)
    expect(await world.values()).toEqual(['1', '2'])
  })
})
