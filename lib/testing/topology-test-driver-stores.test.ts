/** Stores of a driven topology, asked as those of a running application are. */
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { windows } from '../core/windows.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { stores } from '../state/stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const text = { key: serdes.string, value: serdes.string }

async function rowsOf<R, T>(rows: AsyncIterable<R>, each: (row: R) => T): Promise<T[]> {
  const all: T[] = []
  for await (const row of rows) all.push(each(row))
  return all
}

describe('a store', () => {
  test('by keys is asked for one, a range, and its size', async () => {
    const builder = new StreamsBuilder()
    const counts = builder.stream('in', text).groupByKey().count({ store: 'counts' })
    const driver = new TopologyTestDriver(builder.build())
    const records = ['a', 'b', 'c', 'c'].map((key) => ({ key, value: '' }))
    await driver.input('in', text).pipe(...records)
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
    const builder = new StreamsBuilder()
    builder.stream('in', text).to('out')
    const driver = new TopologyTestDriver(builder.build())
    await expect(driver.store(other).get('a')).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})
