import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { topic } from '../core/topic.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
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

/** Upper case from `in` to `out`. */
function upper() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .mapValues((value) => value.toUpperCase(), { value: serdes.string })
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
