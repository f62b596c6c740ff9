/** Who was replaced commits nothing more, whatever it slept through and whoever has its id. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { MemoryDisk } from '../state/memory.ts'
import { stores } from '../state/stores.ts'
import { QUICK, START, type World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { appendTo, begin, PATIENT, processed, put, standAt, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A1: the fence', () => {
  let ticked = 0

  function ticks(): Topology {
    ticked = 0
    const builder = new StreamsBuilder()
    const counter = stores.keyValue('ticks', { key: serdes.string, value: serdes.long })
    builder
      .stream('in', texts)
      .process<string, string, typeof counter>(
        (context) => {
          context.schedule('500ms', 'wall-clock', () => {
            ticked += 1
            const state = context.store(counter)
            const next = (state.get('n') ?? 0) + 1
            state.put('n', next, START)
            context.forward({ key: 'n', value: `${next}`, timestamp: START })
          })
          return { process: () => undefined }
        },
        { ...texts, stores: [counter], name: 'ticker' },
      )
      .to('out')
    return builder.build()
  }

  const expectEachOnce = async (): Promise<void> => {
    const values = (await world.values()).map(Number)
    expect(values.length).toBeGreaterThan(20)
    expect(values).toEqual(values.map((_, at) => at + 1))
  }

  test('holds for timers that read nothing: a zombie that wakes commits none of their output', async () => {
    world = await begin()
    const first = await world.start(ticks(), QUICK)
    await world.found(3)
    first.pause(12_000)
    await world.start(ticks(), QUICK)
    await world.pass(20_000)
    await expectEachOnce()
  })

  test('holds for a timer’s span that was about to be committed when the process stood still', async () => {
    world = await begin()
    await world.start(ticks(), {
      ...PATIENT,
      at: standAt(world, 'frozen', 12_000, () => ticked === 3),
    })
    await world.found(2)
    await world.start(ticks(), QUICK)
    await world.pass(16_000)
    await expectEachOnce()
  })
})

describe('A zombie that wakes in the middle of a commit', () => {
  test('commits nothing of what others have done meanwhile', async () => {
    world = await begin()
    let known = Number.POSITIVE_INFINITY
    const at = standAt(world, 'frozen', 12_000, (instance) => processed(instance) > known)
    const first = await world.start(appendTo('rows'), { ...PATIENT, at })
    await world.produce('in', put('1', '2'))
    await world.found(2)
    known = processed(first)
    await world.produce('in', put('3'))
    await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('4'))
    await world.pass(20_000)
    expect(await world.values()).toEqual(['1', '12', '123', '1234'])
  })
})

describe('B2: one instance id for two', () => {
  test('stops the one that was there with an error that names it', async () => {
    world = await begin()
    const first = await world.start(appendTo('rows'), { ...QUICK, instanceId: 'twin' })
    await world.start(appendTo('rows'), { ...QUICK, instanceId: 'twin' })
    await expect(world.until(first.app.awaitTermination())).rejects.toMatchObject({
      code: 'INSTANCE_ID_IN_USE',
      message: expect.stringContaining('twin'),
    })
  })
})

describe('B3: one process id for two', () => {
  test('stops the younger one, once the group can be sure', async () => {
    world = await begin()
    const first = await world.start(appendTo('rows'), { ...QUICK, disk: new SharedDisk() })
    const second = world.instance(appendTo('rows'), { ...QUICK, disk: new SharedDisk() })
    await expect(world.until(second.app.run())).rejects.toMatchObject({ code: 'PROCESS_ID_IN_USE' })
    await world.produce('in', put('1'))
    await world.found(1)
    expect(first.app.state).toBe('running')
  })
})

describe('B5: producer ids that are used up', () => {
  test('rotate without a rebalance', async () => {
    world = await begin({ maxProducerEpoch: 8 })
    await world.start(appendTo('rows'), QUICK)
    const all = Array.from({ length: 30 }, (_, at) => `${at % 10}`)
    for (const value of all) {
      await world.produce('in', put(value))
      await world.pass(150)
    }
    await world.found(all.length)
    expect((await world.values()).at(-1)).toBe(all.join(''))
    expect(world.said('joined the group')).toBe(1)
  })
})

/** A state directory that was copied with its process id. */
class SharedDisk extends MemoryDisk {
  override start(...given: Parameters<MemoryDisk['start']>): ReturnType<MemoryDisk['start']> {
    return { ...super.start(...given), processId: '11111111-1111-4111-8111-111111111111' }
  }
}
