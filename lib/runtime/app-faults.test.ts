/** Instances that are killed, paused or cut off: nothing is lost, nothing doubled. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { MemoryDisk } from '../state/memory.ts'
import { counted as countedBy, expected, lines, wordCount } from '../testing/word-count-fixture.ts'
import { type Instance, type InstanceOptions, QUICK, World } from '../testing/world.ts'
import { CRASH_POINTS } from './crash-point.ts'

let world: World
afterEach(() => world.end())

async function counted(records: ReturnType<typeof lines>): Promise<void> {
  expect(await countedBy(world, records)).toEqual(expected(records))
}

describe('two instances', () => {
  /** Both have half of the tasks, and are in the middle of 40 lines. */
  async function firstOfTwo(): Promise<Instance> {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const first = await world.start(wordCount(), QUICK)
    await world.start(wordCount(), QUICK)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    await world.produce('lines', lines(40))
    await world.pass(37)
    return first
  }

  test('share the tasks, and one takes over when the other stops', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount(), QUICK)
    const second = await world.start(wordCount(), QUICK)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    expect(second.app.status().tasks).toHaveLength(2)
    await world.produce('lines', lines(20, 20))
    await counted([...lines(20), ...lines(20, 20)])
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 40))
    await counted([...lines(20), ...lines(20, 20), ...lines(20, 40)])
    expect(second.app.status().tasks).toHaveLength(4)
  })

  test('lose and double nothing when one is killed', async () => {
    const first = await firstOfTwo()
    first.kill()
    await world.produce('lines', lines(20, 40))
    await counted([...lines(40), ...lines(20, 40)])
  })

  test('lose and double nothing when one is paused beyond its session and wakes', async () => {
    const first = await firstOfTwo()
    first.pause(15_000)
    await world.produce('lines', lines(20, 40))
    await world.pass(20_000)
    await counted([...lines(40), ...lines(20, 40)])
    await world.when(() => first.app.state === 'running', 'back in the group')
  })
})

describe('a kill', () => {
  test.each(CRASH_POINTS)('at %s loses and doubles nothing', async (point) => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const disk = new MemoryDisk()
    let passes = 0
    const at: InstanceOptions['at'] = (passed, instance) => {
      if (passed !== point || ++passes < (point === 'purged' ? 1 : 3)) return undefined
      instance().kill()
      return new Promise(() => undefined)
    }
    const first = world.instance(wordCount(), { ...QUICK, disk, at, flush: { every: 50 } })
    void first.app.start()
    for (let round = 0; round < 4; round++) {
      await world.produce('lines', lines(10, round * 10))
      await world.pass(11_000)
    }
    expect(passes).toBeGreaterThan(0)
    await world.start(wordCount(), { ...QUICK, disk })
    await counted([0, 10, 20, 30].flatMap((from) => lines(10, from)))
  })
})

describe('an answer to EndTxn that never comes', () => {
  const END_TXN = 26

  test.each([
    ['request', 1],
    ['request', 2],
    ['answer', 1],
    ['answer', 2],
  ] as const)(
    '(%s lost, transactions V%i) is asked for again until it is decided',
    async (what, transactionVersion) => {
      world = new World({ transactionVersion })
      await world.topics({ lines: 2, counted: 2 })
      const instance = await world.start(wordCount(), QUICK)
      let sent = 0
      instance.fate(({ apiKey }) =>
        apiKey === END_TXN && ++sent % 2 === 1 ? `lose ${what}` : 'pass',
      )
      for (let round = 0; round < 4; round++) {
        await world.produce('lines', lines(10, round * 10))
        await world.pass(500)
      }
      await counted([0, 10, 20, 30].flatMap((from) => lines(10, from)))
      expect(sent).toBeGreaterThan(4)
    },
  )
})

describe('requests that are lost at random', () => {
  test.each([1, 2, 3, 4])('cost time and nothing else (seed %i)', async (seed) => {
    world = new World({ transactionVersion: seed % 2 === 0 ? 2 : 1 })
    await world.topics({ lines: 2, counted: 2 })
    const instance = await world.start(wordCount(), { ...QUICK, instanceId: 'one' })
    let at = seed * 7
    instance.fate(() => {
      at = (at * 1103515245 + 12345) % 2147483648
      const dice = at / 2147483648
      return dice < 0.03 ? 'lose request' : dice < 0.06 ? 'lose answer' : 'pass'
    })
    for (let round = 0; round < 6; round++) {
      await world.produce('lines', lines(10, round * 10))
      await world.pass(1000)
    }
    instance.fate(() => 'pass')
    await counted([0, 10, 20, 30, 40, 50].flatMap((from) => lines(10, from)))
  })
})
