import { afterEach, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { QUICK, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'

const JOIN_GROUP = 11

let world: World
afterEach(() => world.end())

function copies(): Topology {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: serdes.string, value: serdes.string }).to('out')
  return builder.build()
}

test('what others did in a generation that a member missed while it joined is not done again', async () => {
  world = new World()
  await world.topics({ in: 2, out: 1 })
  const absent = await world.start(copies(), QUICK)
  // Told to join again, it commits, and then nobody hears of it until its session is over.
  const other = world.instance(copies(), QUICK)
  void other.app.run().catch(() => undefined)
  absent.fate(({ apiKey }) => (apiKey === JOIN_GROUP ? 'lose request' : 'pass'))
  await world.pass(500)
  await world.when(() => other.app.status().state === 'running', 'the other one to own all')
  await world.produce('in', [
    { key: 'k', value: 'a', partition: 0 },
    { key: 'k', value: 'b', partition: 1 },
  ])
  await world.found(2)
  absent.fate(() => 'pass')
  await world.pass(20_000)
  expect((await world.values()).sort()).toEqual(['a', 'b'])
})
