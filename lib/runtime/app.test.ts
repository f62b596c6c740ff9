import { afterEach, describe, expect, test } from '@jest/globals'
import { ConfigError } from '../core/errors.ts'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { MemoryDisk } from '../state/memory.ts'
import {
  counted as countedBy,
  counts,
  expected,
  lines,
  wordCount,
} from '../testing/word-count-fixture.ts'
import { QUICK, World } from '../testing/world.ts'

let world: World
afterEach(() => world.end())

async function counted(records: ReturnType<typeof lines>): Promise<void> {
  expect(await countedBy(world, records)).toEqual(expected(records))
}

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

describe('output at-least-once', () => {
  test('leaves when its linger is over, though no record and no commit follows', async () => {
    world = new World()
    await world.topics({ in: 1, out: 1 })
    const builder = new StreamsBuilder()
    builder.stream('in', { key: serdes.string, value: serdes.string }).to('out')
    await world.start(builder.build(), {
      guarantee: 'at-least-once',
      commitInterval: '30s',
      transactionTimeout: '60s',
      produce: { linger: 200 },
    })
    await world.produce('in', [{ key: 'k', value: '1' }])
    await world.pass(50)
    await world.produce('in', [{ key: 'k', value: '2' }])
    await world.pass(50)
    expect(await world.values()).toEqual(['1'])
    await world.pass(150)
    expect(await world.values()).toEqual(['1', '2'])
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
    expect(await counts(world)).toEqual({})
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
    expect(await counts(world)).toEqual(expected(lines(500)))
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
    const { app } = await world.start(wordCount(), QUICK)
    await world.until(app.stop())
    await world.until(world.admin.deleteTopics(['app-counts-changelog']))
    await world.topics({ 'app-counts-changelog': 3 })
    const next = world.instance(wordCount(), QUICK)
    await expect(world.until(next.app.run())).rejects.toMatchObject({ code: 'TOPIC_MISCONFIGURED' })
  })
})
