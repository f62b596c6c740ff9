import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { ConfigError } from '../core/errors.ts'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { MemoryDisk } from '../state/memory.ts'
import { type InstanceOptions, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { CRASH_POINTS } from './crash-point.ts'

// Minutes of virtual time; a machine that is busy needs seconds for them.
jest.setTimeout(60_000)

let world: World
afterEach(() => world.end())

function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: serdes.string, value: serdes.string })
    .flatMapValues((line) => line.split(' '), { value: serdes.string })
    .groupBy((word) => word, { key: serdes.string })
    .count({ store: 'counts' })
    .toStream()
    .to('counted')
  return builder.build()
}

/** Every count of every word must be there exactly once, in order. */
function countsOf(
  records: readonly { key: string; value: Buffer | null }[],
): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const { key, value } of records)
    counts.set(key, [...(counts.get(key) ?? []), Number(value?.readBigInt64BE(0))])
  return counts
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1)

const lines = (n: number, from = 0): { key: string; value: string; partition: number }[] =>
  Array.from({ length: n }, (_, at) => ({
    key: `k${at}`,
    value: `w${(from + at) % 5} w${(from + at) % 3}`,
    partition: at % 2,
  }))

/** What the counts of these lines must be, each once and in order. */
function expected(records: readonly { value: string }[]): Record<string, number[]> {
  const totals = new Map<string, number>()
  for (const { value } of records)
    for (const word of value.split(' ')) totals.set(word, (totals.get(word) ?? 0) + 1)
  return Object.fromEntries([...totals].sort().map(([word, total]) => [word, upTo(total)]))
}

async function counts(): Promise<Record<string, number[]>> {
  return Object.fromEntries([...countsOf(await world.read('counted'))].sort())
}

const total = (record: Record<string, number[]>): number =>
  Object.values(record).reduce((sum, list) => sum + list.length, 0)

async function counted(records: readonly { value: string }[]): Promise<void> {
  const wanted = expected(records)
  await world.when(async () => total(await counts()) >= total(wanted), 'every count')
  await world.pass(2000)
  expect(await counts()).toEqual(wanted)
}

const quick = {
  sessionTimeout: '3s',
  rebalanceTimeout: '5s',
  transactionTimeout: '4s',
} as const

describe('an instance on the embedded broker', () => {
  test('counts words exactly once over a repartition topic', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const { app } = await world.start(wordCount())
    await counted(lines(20))
    expect(await world.until(app.stop())).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect(app.state).toBe('stopped')
  })

  test('goes on where it stopped, with its state', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const disk = new MemoryDisk()
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount(), { disk })
    await counted(lines(20))
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 20))
    let restored = 0
    const second = world.instance(wordCount(), { disk })
    second.app.on('restored', (_store, rows) => {
      restored += rows
    })
    await world.until(second.app.start())
    await counted([...lines(20), ...lines(20, 20)])
    expect(restored).toBe(0)
  })

  test('takes its state from the changelog when the disk is gone', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount())
    await counted(lines(20))
    await world.until(first.app.stop())
    await world.produce('lines', lines(20, 20))
    let restored = 0
    const second = world.instance(wordCount())
    second.app.on('restored', (_store, rows) => {
      restored += rows
    })
    await world.until(second.app.start())
    await counted([...lines(20), ...lines(20, 20)])
    expect(restored).toBeGreaterThan(0)
  })

  test.each(['at-least-once', 'at-most-once'] as const)(
    'loses and doubles nothing %s when nothing goes wrong',
    async (guarantee) => {
      world = new World()
      await world.topics({ lines: 2, counted: 2 })
      await world.produce('lines', lines(20))
      const first = await world.start(wordCount(), { guarantee })
      await counted(lines(20))
      await world.until(first.app.stop())
      await world.produce('lines', lines(20, 20))
      await world.start(wordCount(), { guarantee })
      await counted([...lines(20), ...lines(20, 20)])
    },
  )
})

describe('two instances', () => {
  test('share the tasks, and one takes over when the other stops', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    await world.produce('lines', lines(20))
    const first = await world.start(wordCount(), quick)
    const second = await world.start(wordCount(), quick)
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
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const first = await world.start(wordCount(), quick)
    await world.start(wordCount(), quick)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    await world.produce('lines', lines(40))
    await world.pass(37)
    first.kill()
    await world.produce('lines', lines(20, 40))
    await counted([...lines(40), ...lines(20, 40)])
  })

  test('lose and double nothing when one is paused beyond its session and wakes', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const first = await world.start(wordCount(), quick)
    await world.start(wordCount(), quick)
    await world.when(() => first.app.status().tasks.length === 2, 'half of the tasks')
    await world.produce('lines', lines(40))
    await world.pass(37)
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
    const first = world.instance(wordCount(), { ...quick, disk, at, flush: { every: 50 } })
    void first.app.start()
    for (let round = 0; round < 4; round++) {
      await world.produce('lines', lines(10, round * 10))
      await world.pass(11_000)
    }
    expect(passes).toBeGreaterThan(0)
    await world.start(wordCount(), { ...quick, disk })
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
      const instance = await world.start(wordCount(), quick)
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
    const instance = await world.start(wordCount(), { ...quick, instanceId: 'one' })
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

describe('the life of an application', () => {
  const started = async (): Promise<void> => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
  }

  test('is one start and one stop', async () => {
    await started()
    const { app } = await world.start(wordCount())
    await expect(world.until(app.start())).rejects.toMatchObject({ code: 'STARTED' })
    await world.until(app.stop())
    await expect(world.until(app.run())).rejects.toMatchObject({ code: 'STOPPED' })
    expect(await world.until(app.awaitTermination())).toBe(true)
  })

  test('may end before it began', async () => {
    await started()
    const { app } = world.instance(wordCount())
    await world.until(app.stop())
    expect(app.state).toBe('stopped')
    await expect(world.until(app.start())).rejects.toMatchObject({ code: 'STOPPED' })
  })

  test('is told to listeners, state by state', async () => {
    await started()
    const { app } = world.instance(wordCount())
    const states: string[] = []
    app.on('state', (state) => states.push(state))
    await world.until(app.start())
    await world.until(app.stop())
    expect(states).toEqual(['rebalancing', 'running', 'stopping', 'stopped'])
  })

  test('ends at once when another process has taken its state directory over', async () => {
    await started()
    let takeOver = (_error: Error): void => undefined
    const lost = new Promise<never>((_resolve, reject) => {
      takeOver = reject
    })
    const disk = new MemoryDisk()
    const start = disk.start.bind(disk)
    disk.start = (random) => ({ ...start(random), lost })
    const { app } = await world.start(wordCount(), { disk })
    takeOver(new ConfigError('STATE_DIR_IN_USE', 'process 7 has it now'))
    await expect(world.until(app.awaitTermination())).rejects.toMatchObject({
      code: 'STATE_DIR_IN_USE',
    })
    expect(app.state).toBe('failed')
  })

  test('fails with one typed error when a source topic is missing', async () => {
    world = new World()
    await world.topics({ counted: 2 })
    const { app } = world.instance(wordCount())
    await expect(world.until(app.run())).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
      message: expect.stringContaining("'lines'"),
    })
    expect(app.state).toBe('failed')
    expect(app.exception()).toMatchObject({ code: 'TOPIC_MISSING' })
    await expect(world.until(app.awaitTermination())).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
    })
  })

  test('pauses without losing its tasks and goes on', async () => {
    await started()
    const { app } = await world.start(wordCount())
    app.pause()
    await world.produce('lines', lines(10))
    await world.pass(20_000)
    expect(app.state).toBe('paused')
    expect(await counts()).toEqual({})
    app.resume()
    await counted(lines(10))
  })

  test('drains what was there at the call, repartition topics included', async () => {
    await started()
    const { app } = await world.start(wordCount())
    await world.produce('lines', lines(500))
    expect(await world.until(app.stop({ drain: true }))).toEqual({
      drained: true,
      aborted: false,
      leftBehind: 0,
    })
    expect(await counts()).toEqual(expected(lines(500)))
  })

  test('ends at once when it is not to be graceful, and loses nothing', async () => {
    await started()
    const { app } = await world.start(wordCount())
    await world.produce('lines', lines(50))
    await world.pass(3)
    expect(await world.until(app.stop({ graceful: false }))).toMatchObject({ aborted: true })
    await world.start(wordCount())
    await counted(lines(50))
  })

  test('is forced to end when the cluster is gone', async () => {
    await started()
    const instance = await world.start(wordCount())
    instance.fate(() => 'lose request')
    await world.produce('lines', lines(50))
    await world.pass(3)
    const result = await world.until(instance.app.stop({ timeout: '2s' }))
    expect(result.aborted || result.leftBehind === 0).toBe(true)
    expect(instance.app.state).toBe('stopped')
  })

  test('says what it does: tasks, lag, progress', async () => {
    await started()
    const { app } = await world.start(wordCount())
    await world.produce('lines', lines(20))
    await counted(lines(20))
    const status = app.status()
    expect(status.tasks.map(({ id, state, lag }) => ({ id, state, lag }))).toEqual(
      ['by-word-repartition_0', 'by-word-repartition_1', 'lines_0', 'lines_1'].map((id) => ({
        id: id.replace('by-word', 'counts'),
        state: 'running',
        lag: 0,
      })),
    )
    expect(app.recentProgress.reduce((sum, { numInputRows }) => sum + numInputRows, 0)).toBe(60)
    expect(app.progress()).toMatchObject({ id: 'app' })
  })
})

describe('topics that change while it runs', () => {
  test('are taken up when a pattern matches a new one', async () => {
    world = new World()
    await world.topics({ 'in-1': 1, out: 1 })
    const builder = new StreamsBuilder()
    builder.stream(/in-.*/, { key: serdes.string, value: serdes.string }).to('out')
    const slow = { commitInterval: '4s', transactionTimeout: '10s' } as const
    const { app } = await world.start(builder.build(), { ...slow, fetch: { maxWait: '5s' } })
    await world.topics({ 'in-2': 2 })
    await world.produce('in-2', [{ key: 'k', value: 'v', partition: 1 }])
    await world.pass(310_000)
    await world.when(
      async () => (await world.read('out')).length === 1,
      'the record of a new topic',
    )
    expect(app.state).toBe('running')
  })

  test('stop a task that keeps state in more partitions than it has', async () => {
    world = new World()
    await world.topics({ lines: 2, counted: 2 })
    const { app } = await world.start(wordCount(), quick)
    await world.until(app.stop())
    await world.until(world.admin.deleteTopics(['app-counts-changelog']))
    await world.topics({ 'app-counts-changelog': 3 })
    const next = world.instance(wordCount(), quick)
    await expect(world.until(next.app.run())).rejects.toMatchObject({ code: 'TOPIC_MISCONFIGURED' })
  })
})
