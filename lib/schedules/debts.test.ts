/** What an operator owes is told once, whenever the instance dies. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Duration } from '../core/duration.ts'
import { serdes } from '../core/serde.ts'
import { windows } from '../core/windows.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { MemoryDisk } from '../state/memory.ts'
import { QUICK, START, type World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { begin, processed, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

/** Counts per key, and how its changes are told. */
function counting(emit: 'commit' | { readonly every: Duration }): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: 'n' })
    .emit(emit)
    .toStream()
    .mapValues((count) => `${count}`, { value: serdes.string })
    .to('out')
  return builder.build()
}

describe('A9: what is owed', () => {
  test('by { every } is told after a kill between the change and the trigger', async () => {
    world = await begin()
    const disk = new MemoryDisk()
    const first = await world.start(counting({ every: '8s' }), { ...QUICK, disk })
    await world.pass(8000 - (world.time.now % 8000) + 500)
    await world.produce('in', put('a', 'b', 'c'))
    await world.pass(1500)
    first.kill()
    await world.start(counting({ every: '8s' }), { ...QUICK, disk })
    await world.found(1)
    await world.pass(20_000)
    expect(await world.values()).toEqual(['3'])
  })

  test('by a commit is told in that commit', async () => {
    world = await begin()
    const disk = new MemoryDisk()
    const first = world.instance(counting('commit'), {
      ...QUICK,
      disk,
      at: (point, instance) => {
        if (point !== 'pending' || processed(instance()) === 0) return undefined
        instance().kill()
        return new Promise(() => undefined)
      },
    })
    void first.app.start()
    await world.produce('in', put('a', 'b'))
    await world.pass(3000)
    await world.start(counting('commit'), { ...QUICK, disk })
    await world.pass(10_000)
    expect((await world.values()).at(-1)).toBe('2')
  })

  test('as a final is told once, however the instance ended behind it', async () => {
    world = await begin()
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .groupByKey()
        .windowedBy(windows.tumbling('1s', { grace: 0 }))
        .count({ store: 'seconds' })
        .emit('final')
        .toStream()
        .map((count, { start }) => ({ key: `${start - START}`, value: `${count}` }), texts)
        .to('out')
      return builder.build()
    }
    const at = (...seconds: number[]) =>
      seconds.map((second) => ({ key: 'k', value: 'v', timestamp: START + second * 1000 }))
    const disk = new MemoryDisk()
    const first = await world.start(topology(), { ...QUICK, disk })
    await world.produce('in', at(0, 0, 1, 2))
    await world.found(2)
    first.kill()
    await world.start(topology(), { ...QUICK, disk })
    await world.produce('in', at(2, 3))
    await world.found(3)
    await world.pass(2000)
    expect(await world.values()).toEqual(['2', '1', '2'])
  })
})
