/**
 * Schedules that break a naive processor; each test names its rule, and fails without it.
 */
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { windows } from '../core/windows.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { MemoryDisk } from '../state/memory.ts'
import { stores } from '../state/stores.ts'
import { type Instance, type InstanceOptions, START, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'
import { CRASH_POINTS } from './crash-point.ts'

// Minutes of virtual time; a machine that is busy needs seconds for them.
jest.setTimeout(60_000)

let world: World
afterEach(() => world.end())

const quick = {
  sessionTimeout: '3s',
  rebalanceTimeout: '5s',
  transactionTimeout: '4s',
} as const

const texts = { key: serdes.string, value: serdes.string }

/** A key-value store that the records themselves write: `-` deletes, else the value is appended. */
function appendTo(store: string): Topology {
  const builder = new StreamsBuilder()
  const rows = stores.keyValue(store, texts)
  builder
    .stream('in', texts)
    .process<string, string, typeof rows>(
      (context) => ({
        process: ({ key, value }) => {
          const state = context.store(rows)
          if (value === '-') state.delete(key)
          else state.put(key, `${state.get(key) ?? ''}${value}`)
          context.forward({ key, value: state.get(key) ?? '' })
        },
      }),
      { ...texts, stores: [rows], name: 'append' },
    )
    .to('out')
  return builder.build()
}

/** Each key and value passes once per minute. */
function dedup(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .dropDuplicates({ id: (value) => value, within: '1m', store: 'seen' })
    .to('out')
  return builder.build()
}

const put = (...values: string[]): { key: string; value: string }[] =>
  values.map((value) => ({ key: 'k', value }))

const out = async (): Promise<string[]> =>
  (await world.read('out')).map(({ value }) => value?.toString() ?? '')

const found = (count: number): Promise<void> =>
  world.when(async () => (await out()).length >= count, `${count} records`)

async function begin(settings = {}, seed = 7): Promise<void> {
  world = new World(settings, seed)
  await world.topics({ in: 1, out: 1 })
}

/** Dies at a point, the nth time that it passes. */
const dieAt = (point: string, nth: number): NonNullable<InstanceOptions['at']> => {
  let passes = 0
  return (passed, instance) => {
    if (passed !== point || ++passes < nth) return undefined
    instance().kill()
    return new Promise(() => undefined)
  }
}

/** Stands still at a point, once, as a process that was stopped does: nothing of it happens meanwhile. */
const standAt = (
  point: string,
  forMs: number,
  when: (instance: Instance) => boolean = () => true,
): NonNullable<InstanceOptions['at']> => {
  let stood = false
  return (passed, instance) => {
    if (passed !== point || stood || !when(instance())) return undefined
    stood = true
    instance().pause(forMs)
    return world.clock.sleep(forMs + 1)
  }
}

const processed = ({ metrics }: Instance): number => metrics.get('millrace_node_process_total')

/** Its transactions outlive its sessions, so that no timeout decides what a fence should. */
const patient = { ...quick, transactionTimeout: '60s' } as const

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
    const values = (await out()).map(Number)
    expect(values.length).toBeGreaterThan(20)
    expect(values).toEqual(values.map((_, at) => at + 1))
  }

  test('holds for timers that read nothing: a zombie that wakes commits none of their output', async () => {
    await begin()
    const first = await world.start(ticks(), quick)
    await found(3)
    first.pause(12_000)
    await world.start(ticks(), quick)
    await world.pass(20_000)
    await expectEachOnce()
  })

  test('holds for a timer’s span that was about to be committed when the process stood still', async () => {
    await begin()
    await world.start(ticks(), { ...patient, at: standAt('frozen', 12_000, () => ticked === 3) })
    await found(2)
    await world.start(ticks(), quick)
    await world.pass(16_000)
    await expectEachOnce()
  })
})

describe('A zombie that wakes in the middle of a commit', () => {
  test('commits nothing of what others have done meanwhile', async () => {
    await begin()
    let known = Number.POSITIVE_INFINITY
    const at = standAt('frozen', 12_000, (instance) => processed(instance) > known)
    const first = await world.start(appendTo('rows'), { ...patient, at })
    await world.produce('in', put('1', '2'))
    await found(2)
    known = processed(first)
    await world.produce('in', put('3'))
    await world.start(appendTo('rows'), quick)
    await world.produce('in', put('4'))
    await world.pass(20_000)
    expect(await out()).toEqual(['1', '12', '123', '1234'])
  })
})

describe('A3: a task that comes back', () => {
  test('replays on top of the rows that it had pending, never beneath them', async () => {
    await begin()
    const first = await world.start(appendTo('rows'), {
      ...quick,
      instanceId: 'b',
      flush: { every: '1h' },
    })
    await world.produce('in', put('1', '2'))
    await found(2)
    // Away and back: the other one takes over while this one sleeps, its rows still pending.
    first.pause(10_000)
    const second = await world.start(appendTo('rows'), quick)
    await world.produce('in', put('3', '4'))
    await found(4)
    await world.pass(10_000)
    await world.until(second.app.stop())
    await world.produce('in', put('5'))
    await found(5)
    expect(await out()).toEqual(['1', '12', '123', '1234', '12345'])
  })

  test('has nothing left of a span that was open when it was lost', async () => {
    await begin()
    const first = await world.start(appendTo('rows'), {
      ...patient,
      instanceId: 'b',
      commitInterval: '5s',
    })
    await world.produce('in', put('1'))
    await found(1)
    await world.produce('in', put('2'))
    await world.when(() => processed(first) > 1, 'an open span')
    first.pause(10_000)
    const second = await world.start(appendTo('rows'), quick)
    await world.produce('in', put('3'))
    await found(3)
    await world.pass(10_000)
    await world.until(second.app.stop())
    await world.produce('in', put('4'))
    await found(4)
    expect(await out()).toEqual(['1', '12', '123', '1234'])
  })
})

describe('A4: windows of long ago', () => {
  test('survive in their changelog, whatever the age of their rows', async () => {
    world = new World()
    const configs = { 'retention.ms': '-1' }
    await world.until(
      world.admin.createTopics(
        ['in', 'out'].map((name) => ({ name, partitions: 1, replicationFactor: 1, configs })),
      ),
    )
    const builder = (): Topology => {
      const made = new StreamsBuilder()
      made
        .stream('in', texts)
        .groupByKey()
        .windowedBy(windows.tumbling('1h', { grace: '1h' }))
        .count({ store: 'hours' })
        .toStream()
        .map((count, { key }) => ({ key, value: `${count}` }), texts)
        .to('out')
      return made.build()
    }
    const long = START - 30 * 86_400_000
    const old = (n: number) =>
      Array.from({ length: n }, () => ({ key: 'k', value: 'v', timestamp: long }))
    const first = await world.start(builder(), quick)
    await world.produce('in', old(3))
    await found(3)
    await world.until(first.app.stop())
    await world.pass(600_000)
    await world.start(builder(), quick)
    await world.produce('in', old(1))
    await found(4)
    expect((await out()).at(-1)).toBe('4')
  })
})

describe('A5: a store that was away too long', () => {
  test('is rebuilt, for a deletion that it never saw may have been compacted away', async () => {
    await begin()
    const old = new MemoryDisk()
    const first = await world.start(appendTo('rows'), { ...quick, disk: old })
    await world.produce('in', put('5'))
    await found(1)
    await world.until(first.app.stop())
    const second = await world.start(appendTo('rows'), quick)
    await world.produce('in', put('-', '-'))
    await found(3)
    await world.until(second.app.stop())
    await world.pass(5 * 86_400_000)
    const third = await world.start(appendTo('rows'), { ...quick, disk: old })
    expect(third.metrics.get('millrace_store_rebuilt_total', { store: 'rows' })).toBe(1)
    await world.produce('in', put('6'))
    await found(4)
    expect((await out()).at(-1)).toBe('6')
  })
})

describe('A6: vanished is not new', () => {
  const refused = async (code: string, options: InstanceOptions = {}): Promise<void> => {
    const { app } = world.instance(appendTo('rows'), { ...quick, ...options })
    await expect(world.until(app.run())).rejects.toMatchObject({ code })
  }

  const ran = async (settings = {}): Promise<MemoryDisk> => {
    await begin(settings)
    const disk = new MemoryDisk()
    const first = await world.start(appendTo('rows'), { ...quick, disk })
    await world.produce('in', put('1'))
    await found(1)
    await world.until(first.app.stop())
    return disk
  }

  test('offsets that expired are refused while the changelog has rows', async () => {
    await ran({ offsetsRetentionMs: 60_000 })
    await world.pass(300_000)
    await refused('OFFSETS_VANISHED')
  })

  test('offsets that expired are refused while the disk has rows', async () => {
    const disk = await ran({ offsetsRetentionMs: 60_000 })
    await world.pass(300_000)
    await refused('OFFSETS_VANISHED', { disk })
  })

  test('a changelog that was deleted is never made again', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['app-rows-changelog']))
    await refused('CHANGELOG_MISSING')
    expect((await world.until(world.metadata())).topics.has('app-rows-changelog')).toBe(false)
  })

  test('a source topic that was deleted and made again is refused', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['in']))
    await world.topics({ in: 1 })
    await refused('OFFSETS_VANISHED')
  })

  test('a changelog that was deleted and made again by somebody is refused', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['app-rows-changelog']))
    await world.until(
      world.admin.createTopics([
        {
          name: 'app-rows-changelog',
          partitions: 1,
          replicationFactor: 1,
          configs: { 'cleanup.policy': 'compact', 'delete.retention.ms': '604800000' },
        },
      ]),
    )
    await refused('TOPIC_RECREATED')
  })
})

describe('A7: at-least-once', () => {
  test.each(CRASH_POINTS)(
    'never drops as a repeat what it did not emit (killed at %s)',
    async (point) => {
      await begin()
      const disk = new MemoryDisk()
      const options = {
        ...quick,
        guarantee: 'at-least-once',
        commitInterval: '100ms',
        flush: { every: 50 },
      } as const
      const first = world.instance(dedup(), {
        ...options,
        disk,
        at: dieAt(point, point === 'purged' ? 1 : 3),
      })
      void first.app.start()
      const ids = Array.from({ length: 40 }, (_, at) => `id${at}`)
      for (let at = 0; at < ids.length; at += 5) {
        await world.produce('in', put(...ids.slice(at, at + 5)))
        await world.pass(point === 'purged' ? 5000 : 250)
      }
      await world.start(dedup(), { ...options, disk })
      await world.when(async () => new Set(await out()).size === ids.length, 'every id')
      expect(new Set(await out())).toEqual(new Set(ids))
    },
  )
})

describe('A7: outputs that are still on their way', () => {
  test('hold the commit of what remembers them back', async () => {
    const PRODUCE = 0
    await begin()
    const options = { ...quick, guarantee: 'at-least-once', commitInterval: '100ms' } as const
    const first = await world.start(dedup(), options)
    first.fate(({ apiKey, body }) => {
      const toOutput = apiKey === PRODUCE && Buffer.concat(body).includes('\u0004out')
      return toOutput ? 'lose request' : 'pass'
    })
    await world.produce('in', put('1', '2', '3'))
    await world.pass(1000)
    first.kill()
    await world.start(dedup(), options)
    await found(3)
    expect(await out()).toEqual(['1', '2', '3'])
  })
})

describe('B8: at-most-once', () => {
  const options = { ...quick, guarantee: 'at-most-once', commitInterval: '100ms' } as const

  test.each(['produced', 'offsets-sent', 'end-sent', 'committed', 'frozen'])(
    'never emits twice (killed at %s)',
    async (point) => {
      await begin()
      const disk = new MemoryDisk()
      const first = world.instance(dedup(), { ...options, disk, at: dieAt(point, 3) })
      void first.app.start()
      const ids = Array.from({ length: 40 }, (_, at) => `id${at}`)
      for (let at = 0; at < ids.length; at += 5) {
        await world.produce('in', put(...ids.slice(at, at + 5)))
        await world.pass(250)
      }
      await world.start(dedup(), { ...options, disk })
      await world.pass(20_000)
      const emitted = await out()
      expect(new Set(emitted).size).toBe(emitted.length)
      expect(emitted.length).toBeGreaterThan(10)
    },
  )

  test('joins again after a commit that was not answered, before it processes', async () => {
    const OFFSET_COMMIT = 8
    await begin()
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to('out')
    const instance = await world.start(builder.build(), options)
    await world.produce('in', put('1', '2'))
    await found(2)
    let lost = 0
    instance.fate(({ apiKey }) =>
      apiKey === OFFSET_COMMIT && ++lost === 1 ? 'lose answer' : 'pass',
    )
    await world.produce('in', put('3', '4'))
    await world.pass(10_000)
    await world.produce('in', put('5', '6'))
    await world.when(async () => (await out()).includes('6'), 'goes on')
    const emitted = await out()
    expect(new Set(emitted).size).toBe(emitted.length)
    expect(world.log.filter((line) => line.includes('joined the group')).length).toBe(2)
  })
})

describe('A8 and our own transaction timing out', () => {
  test.each(['frozen', 'produced', 'offsets-sent'])(
    'rewinds times, rows and objects to what was committed (at %s)',
    async (at) => {
      await begin()
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
      let instance: Instance | undefined
      let passes = 0
      instance = world.instance(builder.build(), {
        ...quick,
        sessionTimeout: '60s',
        at: (point) => {
          const output = instance?.metrics.get('millrace_node_process_total') ?? 0
          // Stands still in the middle of a transaction, for longer than the broker allows.
          if (point !== at || output === 0 || ++passes !== 2) return undefined
          return world.clock.sleep(9000)
        },
      })
      await world.until(
        (instance as { app: { start(): Promise<void> } } & typeof instance).app.start(),
      )
      await world.produce('in', put('1', '2'))
      await found(2)
      await world.produce('in', put('3', '4'))
      await world.pass(15_000)
      await world.produce('in', put('5'))
      await found(5)
      await world.pass(2000)
      expect(await out()).toEqual(['1', '12', '123', '1234', '12345'])
      expect(world.log.filter((line) => line.includes('joined the group')).length).toBe(1)
    },
  )
})

describe('A9: what is owed', () => {
  test('by { every } is told after a kill between the change and the trigger', async () => {
    await begin()
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .groupByKey()
        .count({ store: 'n' })
        .emit({ every: '8s' })
        .toStream()
        .mapValues((count) => `${count}`, { value: serdes.string })
        .to('out')
      return builder.build()
    }
    const disk = new MemoryDisk()
    const first = await world.start(topology(), { ...quick, disk })
    await world.pass(8000 - (world.time.now % 8000) + 500)
    await world.produce('in', put('a', 'b', 'c'))
    await world.pass(1500)
    first.kill()
    await world.start(topology(), { ...quick, disk })
    await found(1)
    await world.pass(20_000)
    expect(await out()).toEqual(['3'])
  })

  test('by a commit is told in that commit', async () => {
    await begin()
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .groupByKey()
        .count({ store: 'n' })
        .emit('commit')
        .toStream()
        .mapValues((count) => `${count}`, { value: serdes.string })
        .to('out')
      return builder.build()
    }
    const disk = new MemoryDisk()
    const first = world.instance(topology(), {
      ...quick,
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
    await world.start(topology(), { ...quick, disk })
    await world.pass(10_000)
    expect((await out()).at(-1)).toBe('2')
  })

  test('as a final is told once, however the instance ended behind it', async () => {
    await begin()
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
    const first = await world.start(topology(), { ...quick, disk })
    await world.produce('in', at(0, 0, 1, 2))
    await found(2)
    first.kill()
    await world.start(topology(), { ...quick, disk })
    await world.produce('in', at(2, 3))
    await found(3)
    await world.pass(2000)
    expect(await out()).toEqual(['2', '1', '2'])
  })
})

describe('A clean rebalance', () => {
  test('commits before it joins, so that at-least-once repeats nothing', async () => {
    world = new World()
    await world.topics({ in: 2, out: 1 })
    const options = {
      ...quick,
      guarantee: 'at-least-once',
      commitInterval: '30s',
      transactionTimeout: '60s',
    } as const
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to('out')
    const topology = builder.build()
    await world.start(topology, options)
    await world.produce('in', [...put('1', '2'), { key: 'k', value: '3', partition: 1 }])
    await found(3)
    await world.start(topology, options)
    await world.produce('in', put('4'))
    await found(4)
    await world.pass(5000)
    expect((await out()).sort()).toEqual(['1', '2', '3', '4'])
  })
})

describe('A14: a record that is skipped', () => {
  test('leaves neither rows nor output, here and in the changelog', async () => {
    await begin()
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
    const options = { ...quick, errors: { process: 'skip' } } as const
    const first = await world.start(topology(), options)
    await world.produce('in', put('1', 'x', '2'))
    await found(2)
    await world.until(first.app.stop())
    await world.start(topology(), options)
    await world.produce('in', put('3'))
    await found(3)
    expect(await out()).toEqual(['1', '12', '123'])
  })
})

describe('B4: times far ahead', () => {
  test('that the application accepts are accepted by its own topics', async () => {
    await begin()
    const far = START + 8 * 3_600_000
    const builder = new StreamsBuilder()
    builder
      .stream('in', { ...texts, timestamp: () => far })
      .groupBy((value) => value, { key: serdes.string, name: 'by-value' })
      .count({ store: 'n' })
      .toStream()
      .map((count, key) => ({ key, value: `${count}`, timestamp: START }), texts)
      .to('out')
    await world.start(builder.build(), { ...quick, maxFutureSkew: '1d' })
    await world.produce('in', put('a', 'a'))
    await found(2)
    expect(await out()).toEqual(['1', '2'])
  })
})

describe('B13: a start position', () => {
  test('is resolved once, by the first owner, before it has read anything', async () => {
    await begin()
    const builder = new StreamsBuilder()
    builder.stream('in', { ...texts, start: 'latest' }).to('out')
    const topology = builder.build()
    await world.produce('in', put('before'))
    const first = await world.start(topology, { ...quick, at: dieAt('frozen', 1) })
    await world.produce('in', put('1', '2'))
    await world.pass(1000)
    first.kill()
    await world.produce('in', put('3'))
    await world.start(topology, quick)
    await found(3)
    expect(await out()).toEqual(['1', '2', '3'])
  })

  test('does not count for partitions that are found later', async () => {
    await begin()
    const builder = new StreamsBuilder()
    builder.stream(/in.*/, { ...texts, start: 'latest' }).to('out')
    const topology = builder.build()
    const first = await world.start(topology, quick)
    await world.pass(1000)
    await world.until(first.app.stop())
    await world.topics({ 'in-2': 1 })
    await world.produce('in-2', put('1', '2'))
    await world.start(topology, quick)
    await found(2)
    expect(await out()).toEqual(['1', '2'])
  })
})

describe('B2: one instance id for two', () => {
  test('stops the one that was there with an error that names it', async () => {
    await begin()
    const first = await world.start(appendTo('rows'), { ...quick, instanceId: 'twin' })
    await world.start(appendTo('rows'), { ...quick, instanceId: 'twin' })
    await expect(world.until(first.app.awaitTermination())).rejects.toMatchObject({
      code: 'INSTANCE_ID_IN_USE',
      message: expect.stringContaining('twin'),
    })
  })
})

describe('B3: one process id for two', () => {
  test('stops the younger one, once the group can be sure', async () => {
    await begin()
    const first = await world.start(appendTo('rows'), { ...quick, disk: new SharedDisk() })
    const second = world.instance(appendTo('rows'), { ...quick, disk: new SharedDisk() })
    await expect(world.until(second.app.run())).rejects.toMatchObject({ code: 'PROCESS_ID_IN_USE' })
    await world.produce('in', put('1'))
    await found(1)
    expect(first.app.state).toBe('running')
  })
})

/** A state directory that was copied with its process id. */
class SharedDisk extends MemoryDisk {
  override start(...given: Parameters<MemoryDisk['start']>): ReturnType<MemoryDisk['start']> {
    return { ...super.start(...given), processId: '11111111-1111-4111-8111-111111111111' }
  }
}

describe('B5: producer ids that are used up', () => {
  test('rotate without a rebalance', async () => {
    await begin({ maxProducerEpoch: 8 })
    await world.start(appendTo('rows'), quick)
    const all = Array.from({ length: 30 }, (_, at) => `${at % 10}`)
    for (const value of all) {
      await world.produce('in', put(value))
      await world.pass(150)
    }
    await found(all.length)
    expect((await out()).at(-1)).toBe(all.join(''))
    expect(world.log.filter((line) => line.includes('joined the group')).length).toBe(1)
  })
})

describe('requireStable and the end of a restore', () => {
  test.each([1, 2, 3, 4, 5, 6])('wait for markers that are slow (seed %i)', async (seed) => {
    const transactionVersion = seed % 2 === 0 ? 2 : 1
    // The offsets may be visible long before the changelog rows of the same transaction, or after.
    await begin({ transactionVersion, markerDelayMs: [3000, 9000] }, seed)
    const point = seed % 3 === 0 ? 'end-sent' : 'committed'
    const first = world.instance(appendTo('rows'), { ...quick, at: dieAt(point, 3) })
    void first.app.start()
    for (const value of ['1', '2']) {
      await world.produce('in', put(value))
      await world.pass(12_000)
    }
    await world.produce('in', put('3'))
    await world.pass(200)
    await world.produce('in', put('4'))
    // Another disk: its state comes from the changelog alone.
    await world.start(appendTo('rows'), quick)
    await found(4)
    expect(await out()).toEqual(['1', '12', '123', '1234'])
  })
})

describe('B9: a commit that was never answered', () => {
  const [END_TXN, HEARTBEAT, INIT_PRODUCER_ID] = [26, 12, 22]

  test.each([1, 2])(
    'is settled by the next owner of the tail (transactions V%i)',
    async (transactionVersion) => {
      await begin({ transactionVersion })
      const disk = new MemoryDisk()
      const instance = await world.start(appendTo('rows'), { ...quick, disk })
      await world.produce('in', put('1', '2'))
      await found(2)
      // The commit is decided, which nobody here hears, and then the membership ends.
      instance.fate(({ apiKey }) => {
        if (apiKey === HEARTBEAT) return 'lose request'
        return apiKey === END_TXN ? 'lose answer' : 'pass'
      })
      await world.produce('in', put('3', '4'))
      await world.pass(5000)
      instance.fate(({ apiKey }) => (apiKey === END_TXN ? 'lose answer' : 'pass'))
      await world.pass(3000)
      instance.fate(() => 'pass')
      await world.produce('in', put('5'))
      await found(5)
      await world.pass(3000)
      expect(await out()).toEqual(['1', '12', '123', '1234', '12345'])
    },
  )

  test.each([1, 2])(
    'leaves nothing when it never arrived (transactions V%i)',
    async (transactionVersion) => {
      await begin({ transactionVersion })
      const instance = await world.start(appendTo('rows'), quick)
      await world.produce('in', put('1', '2'))
      await found(2)
      instance.fate(({ apiKey }) =>
        apiKey === HEARTBEAT || apiKey === END_TXN ? 'lose request' : 'pass',
      )
      await world.produce('in', put('3', '4'))
      await world.pass(5000)
      instance.fate(({ apiKey }) => (apiKey === END_TXN ? 'lose request' : 'pass'))
      await world.pass(3000)
      instance.fate(() => 'pass')
      await world.produce('in', put('5'))
      await found(5)
      await world.pass(3000)
      expect(await out()).toEqual(['1', '12', '123', '1234', '12345'])
    },
  )

  test('is repeated until it is decided, whatever taskTimeout says', async () => {
    await begin()
    const instance = await world.start(appendTo('rows'), { ...quick, taskTimeout: '3s' })
    await world.produce('in', put('1'))
    await found(1)
    instance.fate(({ apiKey }) => {
      if (apiKey === END_TXN) return 'lose answer'
      return apiKey === INIT_PRODUCER_ID ? 'lose request' : 'pass'
    })
    await world.produce('in', put('2'))
    await world.pass(15_000)
    instance.fate(() => 'pass')
    await world.produce('in', put('3'))
    await found(3)
    expect(await out()).toEqual(['1', '12', '123'])
    expect(instance.app.state).toBe('running')
    expect(world.log.filter((line) => line.includes('joined the group')).length).toBe(1)
  })
})

describe('A stop with drain', () => {
  const END_TXN = 26

  test('goes on when its last span has to be given up, until that is processed again', async () => {
    await begin()
    const instance = await world.start(appendTo('rows'), quick)
    await world.produce('in', put('1'))
    await found(1)
    // Until the broker has timed the transaction out.
    instance.fate(({ apiKey }) => (apiKey === END_TXN ? 'lose request' : 'pass'))
    await world.produce('in', put('2', '3'))
    const stopped = instance.app.stop({ drain: true })
    await world.pass(6000)
    instance.fate(() => 'pass')
    expect(await world.until(stopped)).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect(await out()).toEqual(['1', '12', '123'])
  })

  test('reads behind what it writes to topics of its own, until nothing more is written', async () => {
    world = new World()
    await world.topics({ in: 1, out: 1 })
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupBy((value) => value, { key: serdes.string, name: 'first' })
      .count({ store: 'n' })
      .toStream()
      .map((count, key) => ({ key: `${count}`, value: `${key}${count}` }), texts)
      .repartition({ ...texts, name: 'second' })
      .to('out')
    // No commit but those of the drain, which are what lets the next topic be read.
    const instance = await world.start(builder.build(), { ...patient, commitInterval: '30s' })
    await world.produce('in', put('a', 'b', 'a'))
    const stopped = await world.until(instance.app.stop({ drain: true }))
    expect(stopped).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect((await out()).sort()).toEqual(['a1', 'a2', 'b1'])
  })
})
