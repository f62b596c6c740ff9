/** A span or a record that is given up leaves nothing behind. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { stores } from '../state/stores.ts'
import { QUICK, type World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { begin, processed, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A8 and our own transaction timing out', () => {
  test.each(['frozen', 'produced', 'offsets-sent'])(
    'rewinds times, rows and objects to what was committed (at %s)',
    async (at) => {
      world = await begin()
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .groupByKey()
        .aggregate(
          () => ({ all: [] as string[] }),
          (aggregate, value) => {
            // In place, as users do: what is stored must not change with it.
            aggregate.all.push(value)
            return aggregate
          },
          { store: 'all', value: serdes.json<{ all: string[] }>() },
        )
        .toStream()
        .mapValues(({ all }) => all.join(''), { value: serdes.string })
        .to('out')
      let passes = 0
      await world.start(builder.build(), {
        ...QUICK,
        sessionTimeout: '60s',
        at: (point, instance) => {
          // Stands still in the middle of a transaction, for longer than the broker allows.
          if (point !== at || processed(instance()) === 0 || ++passes !== 2) return undefined
          return world.clock.sleep(9000)
        },
      })
      await world.produce('in', put('1', '2'))
      await world.found(2)
      await world.produce('in', put('3', '4'))
      await world.pass(15_000)
      await world.produce('in', put('5'))
      await world.found(5)
      await world.pass(2000)
      expect(await world.values()).toEqual(['1', '12', '123', '1234', '12345'])
      expect(world.said('joined the group')).toBe(1)
    },
  )
})

describe('A14: a record that is skipped', () => {
  test('leaves neither rows nor output, here and in the changelog', async () => {
    world = await begin()
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      const rows = stores.keyValue('rows', texts)
      builder
        .stream('in', texts)
        .process<string, string, typeof rows>(
          (context) => ({
            process: ({ key, value }) => {
              const state = context.store(rows)
              state.put(key, `${state.get(key) ?? ''}${value}`)
              context.forward({ key, value: state.get(key) ?? '' })
              if (value === 'x') throw new Error('not this one')
            },
          }),
          { ...texts, stores: [rows], name: 'append' },
        )
        .to('out')
      return builder.build()
    }
    const options = { ...QUICK, errors: { process: 'skip' } } as const
    const first = await world.start(topology(), options)
    await world.produce('in', put('1', 'x', '2'))
    await world.found(2)
    await world.until(first.app.stop())
    await world.start(topology(), options)
    await world.produce('in', put('3'))
    await world.found(3)
    expect(await world.values()).toEqual(['1', '12', '123'])
  })
})
