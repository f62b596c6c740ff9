/** Tasks of one worker share its time, whatever one record takes. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { World } from '../testing/world.ts'

const text = { key: serdes.string, value: serdes.string }

let world: World
afterEach(() => world.end())

describe('the slices of a worker', () => {
  test('go round its tasks where one record takes longer than a slice', async () => {
    world = new World()
    await world.topics({ in: 3 })
    for (const partition of [0, 1, 2])
      await world.produce(
        'in',
        Array.from({ length: 1000 }, () => ({ key: 'k', value: `${partition}`, partition })),
      )
    const seen = [0, 0, 0]
    const builder = new StreamsBuilder()
    builder.stream('in', text).process(() => ({
      process: async ({ value }) => {
        seen[Number(value)] = (seen[Number(value)] ?? 0) + 1
        await world.clock.sleep(5)
      },
    }))
    await world.start(builder.build())
    await world.pass(5000)
    expect(Math.min(...seen)).toBeGreaterThan(200)
    expect(Math.max(...seen) - Math.min(...seen)).toBeLessThanOrEqual(64)
  })
})
