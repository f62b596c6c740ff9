import { afterEach, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'

const JOIN_GROUP = 11

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
  const written = async (): Promise<string[]> =>
    (await world.read('out')).map(({ value }) => value?.toString() ?? '').sort()
  const absent = await world.start(copies(), quick)
  // Told to join again, it commits, and then nobody hears of it until its session is over.
  const other = world.instance(copies(), quick)
  void other.app.run().catch(() => undefined)
  absent.fate(({ apiKey }) => (apiKey === JOIN_GROUP ? 'lose request' : 'pass'))
  await world.pass(500)
  await world.when(() => other.app.status().state === 'running', 'the other one to own all')
  await world.produce('in', [
    { key: 'k', value: 'a', partition: 0 },
    { key: 'k', value: 'b', partition: 1 },
  ])
  await world.when(async () => (await written()).length === 2, 'both records')
  absent.fate(() => 'pass')
  await world.pass(20_000)
  expect(await written()).toEqual(['a', 'b'])
})
