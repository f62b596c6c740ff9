import { afterEach, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'

let world: World
afterEach(() => world.end())

const quick = {
  sessionTimeout: '3s',
  rebalanceTimeout: '5s',
  transactionTimeout: '4s',
} as const

function copies(): Topology {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: serdes.string, value: serdes.string }).to('out')
  return builder.build()
}

test('what others did in a generation that a member missed while it joined is not done again', async () => {
  world = new World()
  await world.topics({ in: 2, out: 1 })
  const sleeper = await world.start(copies(), quick)
  const dead = await world.start(copies(), quick)
  dead.kill()
  // Its join makes the sleeper join, and both wait for the dead one: the sleeper misses the answer.
  const other = world.instance(copies(), quick)
  void other.app.run().catch(() => undefined)
  await world.pass(1500)
  sleeper.pause(12_000)
  const written = async (): Promise<string[]> =>
    (await world.read('out')).map(({ value }) => value?.toString() ?? '').sort()
  await world.produce('in', [
    { key: 'k', value: 'a', partition: 0 },
    { key: 'k', value: 'b', partition: 1 },
  ])
  await world.when(async () => (await written()).length === 2, 'both records')
  other.kill()
  await world.pass(20_000)
  expect(await written()).toEqual(['a', 'b'])
})
