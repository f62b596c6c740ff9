import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { topic } from '../core/topic.ts'
import { windows } from '../core/windows.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { stores } from '../state/stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const text = { key: serdes.string, value: serdes.string }
const LINES = topic('lines', text)
const COUNTS = topic('counts', { key: serdes.string, value: serdes.long })

/** Word count, through a repartition topic; told once per commit. */
function wordCount(builder = new StreamsBuilder()) {
  const counts = builder
    .stream(LINES)
    .flatMapValues((line) => line.split(' '), { value: serdes.string })
    .groupBy((word) => word, { key: serdes.string })
    .count({ store: 'words' })
  counts.emit('commit').toStream().to(COUNTS)
  return { counts, topology: builder.build() }
}

/** Upper case from `in` to `out`; `bad` throws. */
function upper() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .mapValues(
      (value) => {
        if (value === 'bad') throw new RangeError('bad value')
        return value.toUpperCase()
      },
      { value: serdes.string },
    )
    .to('out')
  return builder.build()
}

describe('a piped record', () => {
  test('is processed to the end, through repartition topics, and committed once', async () => {
    const { counts, topology } = wordCount()
    const driver = new TopologyTestDriver(topology)
    const output = driver.output(COUNTS)
    await driver.input(LINES).pipe({ key: 'k', value: 'a b a' })
    expect(output.readAll().map(({ key, value }) => `${key}=${value}`)).toEqual(['a=2', 'b=1'])
    expect(await driver.store(counts).get('a')).toBe(2)
    await driver.close()
  })

  test('has the timestamp of the wall clock unless it has its own, and keeps its headers', async () => {
    const driver = new TopologyTestDriver(upper(), { now: 1000 })
    const input = driver.input('in', text)
    const output = driver.output('out', text)
    await input.pipe(
      { key: 'k', value: 'a' },
      { key: 'k', value: 'b', timestamp: 5, headers: { trace: ['1', '2'] } },
    )
    await driver.advanceWallClock('1m')
    await input.pipe({ key: 'k', value: 'c' })
    const records = output.readAll()
    expect(records.map(({ value, timestamp }) => `${value}@${timestamp}`)).toEqual([
      'A@1000',
      'B@5',
      'C@61000',
    ])
    expect(records[1]?.headers.getAll('trace').map(String)).toEqual(['1', '2'])
  })

  test('may have null for key and value, and bytes without serdes', async () => {
    const builder = new StreamsBuilder()
    builder.stream('bytes').to('out')
    const driver = new TopologyTestDriver(builder.build())
    await driver.input('bytes', {}).pipe({ key: null, value: null })
    await driver.input('bytes', {}).pipe({ key: Buffer.of(1), value: Buffer.of(0xff) })
    expect(driver.output('out', {}).readAll()).toMatchObject([
      { key: null, value: null },
      { key: Buffer.of(1), value: Buffer.of(0xff) },
    ])
  })

  test('waits for the one before it, though nobody waited for that', async () => {
    const driver = new TopologyTestDriver(upper())
    const input = driver.input('in', text)
    await Promise.all([
      input.pipe({ key: 'k', value: 'a' }, { key: 'k', value: 'b' }),
      input.pipe({ key: 'k', value: 'c' }),
    ])
    expect(driver.output('out', text).size).toBe(3)
  })
})

describe('keys at their edges', () => {
  test('are keys like any other, but for null, which is dropped and counted', async () => {
    const builder = new StreamsBuilder()
    const counts = builder
      .stream('in', { key: serdes.nullable(serdes.string), value: serdes.string })
      .groupByKey()
      .count({ store: 'counts' })
    counts.toStream().to(COUNTS)
    const driver = new TopologyTestDriver(builder.build())
    const input = driver.input('in', {
      key: serdes.nullable(serdes.string),
      value: serdes.string,
    })
    for (const key of ['', '__proto__', 'constructor', null, '__proto__'])
      await input.pipe({ key, value: 'v' })
    expect(driver.output(COUNTS).readTable()).toEqual([
      ['', 1],
      ['constructor', 1],
      ['__proto__', 2],
    ])
    expect(await driver.store(counts).get('__proto__')).toBe(2)
    const reason = { reason: 'null_key' } as const
    expect(driver.metrics.get('millrace_task_dropped_records_total', reason)).toBe(1)
  })
})

describe('an output', () => {
  test('is read one by one, all at once, or as a table by the bytes of its keys', async () => {
    const builder = new StreamsBuilder()
    const points = topic('points', { key: serdes.json<{ x: number }>(), value: serdes.string })
    builder.stream(points).to('out')
    const driver = new TopologyTestDriver(builder.build())
    await driver
      .input(points)
      .pipe(
        { key: { x: 1 }, value: 'a' },
        { key: { x: 2 }, value: 'b' },
        { key: { x: 1 }, value: 'c' },
      )
    const serdesOf = { key: points.key, value: points.value }
    const output = driver.output('out', serdesOf)
    expect(output.size).toBe(3)
    expect(output.read()?.value).toBe('a')
    expect(output.readValues()).toEqual(['b', 'c'])
    expect(output.read()).toBeUndefined()
    expect(driver.output('out', serdesOf).readTable()).toEqual([
      [{ x: 2 }, 'b'],
      [{ x: 1 }, 'c'],
    ])
  })

  test('shows internal topics under the names of the topology', async () => {
    const { topology } = wordCount()
    const driver = new TopologyTestDriver(topology)
    await driver.input(LINES).pipe({ key: 'k', value: 'a b' })
    expect(driver.output('words-repartition', text).readValues()).toEqual(['a', 'b'])
    const changelog = driver.output('words-changelog', { key: serdes.string, value: serdes.long })
    expect(changelog.readTable()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
  })

  test('that nothing writes, and an input that nothing reads, are refused', () => {
    const driver = new TopologyTestDriver(upper())
    const missing = expect.objectContaining({ code: 'TOPIC_MISSING' })
    expect(() => driver.output('uot', text)).toThrow(missing)
    expect(() => driver.input('out', text)).toThrow(missing)
  })
})

describe('an error', () => {
  test('rejects the call and every later one, and leaves nothing of the record', async () => {
    const driver = new TopologyTestDriver(upper())
    const input = driver.input('in', text)
    const output = driver.output('out', text)
    await input.pipe({ key: 'k', value: 'a' })
    const failed = { code: 'CALLBACK_FAILED', recordMetadata: { topic: 'in', offset: 1 } }
    await expect(input.pipe({ key: 'k', value: 'bad' })).rejects.toMatchObject(failed)
    await expect(input.pipe({ key: 'k', value: 'b' })).rejects.toMatchObject(failed)
    expect(output.readValues()).toEqual(['A'])
    await driver.close()
  })

  test('goes by the policies, dead letters too', async () => {
    const driver = new TopologyTestDriver(upper(), { errors: { process: { deadLetter: 'dead' } } })
    await driver.input('in', text).pipe({ key: 'k', value: 'bad' }, { key: 'k', value: 'b' })
    expect(driver.output('out', text).readValues()).toEqual(['B'])
    const letter = driver.output('dead', text).read()
    expect(letter?.value).toBe('bad')
    expect(letter?.headers.text('__streams.errors.topic')).toBe('in')
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'process' })).toBe(1)
  })

  test('of a timestamp too far ahead is there only if it was asked for', async () => {
    const far = { key: 'k', value: 'a', timestamp: 3_600_001 }
    await new TopologyTestDriver(upper()).input('in', text).pipe(far)
    const driver = new TopologyTestDriver(upper(), { maxFutureSkew: '1h' })
    await expect(driver.input('in', text).pipe(far)).rejects.toMatchObject({
      code: 'TIMESTAMP_TOO_FAR',
      phase: 'decode',
    })
  })

  test('under skip leaves no row behind, and what a store refuses is an error of its node (A14)', async () => {
    const counts = stores.keyValue('counts', { key: serdes.string, value: serdes.string })
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .process(
        (context) => {
          const store = context.store(counts)
          return {
            process({ key, value }) {
              store.put(key, value)
              context.forward({ key, value })
              if (value === 'bad') throw new RangeError('after the fact')
              store.put(`${key}-large`, 'x'.repeat(value === 'large' ? 1_048_588 : 1))
            },
          }
        },
        { ...text, stores: [counts], name: 'storing' },
      )
      .to('out')
    const errors = { process: 'skip', produce: 'skip' } as const
    const driver = new TopologyTestDriver(builder.build(), { errors })
    const input = driver.input('in', text)
    await input.pipe({ key: 'a', value: 'good' }, { key: 'a', value: 'bad' })
    await input.pipe({ key: 'b', value: 'large' }, { key: 'c', value: 'bad' })
    const store = driver.store(counts)
    expect([await store.get('a'), await store.get('b'), await store.get('c')]).toEqual([
      'good',
      undefined,
      undefined,
    ])
    expect(driver.output('out', text).readValues()).toEqual(['good'])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { node: 'storing' })).toBe(3)
  })
})

describe('the wall clock', () => {
  test('moves only by hand, and fires what is due', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .process(
        (context) => {
          context.schedule('10s', 'wall-clock', (now) => {
            context.forward({ key: 'now', value: `${now} ${context.wallClock}` })
          })
          return { process: () => undefined }
        },
        { ...text, name: 'ticking' },
      )
      .to('out')
    const driver = new TopologyTestDriver(builder.build())
    const output = driver.output('out', text)
    await driver.trigger()
    await driver.advanceWallClock('9s')
    expect(output.size).toBe(0)
    await driver.advanceWallClock('26s')
    expect(output.readValues()).toEqual(['35000 35000'])
  })

  test('lets a table tell once per interval', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .groupByKey()
      .count({ store: 'counts' })
      .emit({ every: '8s' })
      .toStream()
      .to(COUNTS)
    const driver = new TopologyTestDriver(builder.build())
    const output = driver.output(COUNTS)
    await driver.input('in', text).pipe({ key: 'a', value: '1' }, { key: 'a', value: '2' })
    expect(output.size).toBe(0)
    await driver.advanceWallClock('8s')
    expect(output.readTable()).toEqual([['a', 2]])
    await driver.advanceWallClock('8s')
    expect(output.size).toBe(0)
  })
})

describe('a pattern', () => {
  test('finds its topics when they are written, and keeps what it counted', async () => {
    const builder = new StreamsBuilder()
    const counts = builder
      .stream(/^logs-/, text)
      .groupByKey()
      .count({ store: 'counts' })
    const driver = new TopologyTestDriver(builder.build())
    await driver.input('logs-a', text).pipe({ key: 'k', value: '1', timestamp: 9 })
    await driver.input('logs-b', text).pipe({ key: 'k', value: '2', timestamp: 1 })
    await driver.input('logs-a', text).pipe({ key: 'k', value: '3' })
    expect(await driver.store(counts).get('k')).toBe(3)
    expect(() => driver.input('other', text)).toThrow(
      expect.objectContaining({ code: 'TOPIC_MISSING' }),
    )
  })
})

describe('a store', () => {
  async function rowsOf<R, T>(rows: AsyncIterable<R>, each: (row: R) => T): Promise<T[]> {
    const all: T[] = []
    for await (const row of rows) all.push(each(row))
    return all
  }

  test('by keys is asked for one, a range, and its size', async () => {
    const { counts, topology } = wordCount()
    const driver = new TopologyTestDriver(topology)
    await driver.input(LINES).pipe({ key: 'k', value: 'a b c c' })
    const store = driver.store(counts)
    expect(await store.get('c')).toBe(2)
    expect(await store.get('z')).toBeUndefined()
    const keys = (range?: Parameters<typeof store.range>[0]) =>
      rowsOf(store.range(range), ({ key }) => key)
    expect(await keys()).toEqual(['a', 'b', 'c'])
    expect(await keys({ from: 'b', reverse: true })).toEqual(['c', 'b'])
    expect(await keys({ to: 'b', limit: 1 })).toEqual(['a'])
    expect(await store.approximateSize()).toBe(3)
  })

  test('by windows made of panes is asked for windows, and for one of another length', async () => {
    const builder = new StreamsBuilder()
    const views = builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(windows.hopping(20, { advance: 10, grace: 100 }))
      .count({ store: 'views' })
    const driver = new TopologyTestDriver(builder.build())
    const at = (key: string, timestamp: number) => ({ key, value: '', timestamp })
    await driver
      .input('in', text)
      .pipe(at('a', 5), at('a', 15), at('b', 15), at('a', 25), at('a', 26))
    const store = driver.store(views)
    expect(await store.get('a', 0)).toBe(2)
    expect(await store.get('a', 10)).toBe(3)
    expect(await store.get('a', 5)).toBeUndefined()
    const windowsOf = (rows: ReturnType<typeof store.fetchAll>) =>
      rowsOf(rows, ({ key, value }) => `${key.key}@${key.start}-${key.end}=${value}`)
    expect(await windowsOf(store.fetch('a', { from: 10 }))).toEqual(['a@10-30=3', 'a@20-40=2'])
    expect(await windowsOf(store.fetchAll({ to: 10 }))).toEqual([
      'a@0-20=2',
      'b@0-20=1',
      'a@10-30=3',
      'b@10-30=1',
    ])
    const last = store.window({ last: 30 })
    expect(await last.get('a')).toBe(4)
    expect(await rowsOf(last.range({ from: 'b' }), ({ key, value }) => `${key}=${value}`)).toEqual([
      'b=1',
    ])
    expect(await store.window({ last: 10 }).get('a')).toBe(2)
    expect(await last.approximateSize()).toBe(2)
    expect(() => store.window({ last: 15 })).toThrow(/multiples of 10 ms/)
  })

  test('by tumbling windows puts several together too', async () => {
    const builder = new StreamsBuilder()
    const grouped = builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(windows.tumbling('1m', { grace: '10s' }))
    const views = grouped.count({ store: { name: 'views', retention: '1h' } })
    const joined = grouped.reduce((a, b) => a + b, { store: 'joined' })
    const driver = new TopologyTestDriver(builder.build())
    const at = (timestamp: number) => ({ key: 'k', value: 'x', timestamp })
    await driver.input('in', text).pipe(at(0), at(60_000), at(61_000), at(3_600_000))
    expect(await driver.store(views).window({ last: '1h' }).get('k')).toBe(3)
    expect(await driver.store(views).get('k', 60_000)).toBe(2)
    expect(() => driver.store(joined).window({ last: '1h' })).toThrow(/cannot be merged/)
    expect(await driver.store(joined).window({ last: '1m' }).get('k')).toBe('x')
  })

  test('that is not in the topology is refused', async () => {
    const other = stores.keyValue('other', { key: serdes.string, value: serdes.string })
    const driver = new TopologyTestDriver(upper())
    await expect(driver.store(other).get('a')).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})

describe('closing', () => {
  test('closes processors once, and refuses what comes later', async () => {
    let closed = 0
    const builder = new StreamsBuilder()
    builder.stream('in', text).process(() => ({
      process: () => undefined,
      close: () => void closed++,
    }))
    const driver = new TopologyTestDriver(builder.build())
    await driver.trigger()
    await driver.close()
    await driver[Symbol.asyncDispose]()
    expect(closed).toBe(1)
    await expect(driver.trigger()).rejects.toMatchObject({ code: 'STOPPED' })
  })
})
