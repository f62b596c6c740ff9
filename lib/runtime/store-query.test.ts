import { expect, test } from '@jest/globals'
import { systemClock } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import type { InnerKeyValueStore, InnerWindowStore } from '../state/inner-stores.ts'
import { memoryByteStore } from '../state/memory.ts'
import type { KeyValueQuery, WindowQuery } from '../state/queries.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { keyValueSpec, windowSpec } from '../state/store-spec.ts'
import { TaskState } from '../state/task-state.ts'
import { storeQuery } from './store-query.ts'

/** The inner stores of two tasks. */
async function twoOf<S>(spec: StoreSpec): Promise<readonly [S, S]> {
  const open = async (task: string): Promise<S> => {
    const state = await TaskState.open({
      byteStore: memoryByteStore(),
      stores: [spec],
      identity: { application: 'app', clusterId: 'cluster', task, topicIds: new Map() },
      bootId: 'boot',
      clock: systemClock,
      random: seededRandom(0),
      logger: silentLogger,
    })
    return state.store(spec.name) as S
  }
  return [await open('in_0'), await open('in_1')]
}

async function all<R>(rows: AsyncIterable<R>): Promise<readonly R[]> {
  const collected: R[] = []
  for await (const row of rows) collected.push(row)
  return collected
}

test('a store of several tasks is asked as one, in the order of key bytes', async () => {
  const spec = keyValueSpec({ name: 'rows', key: serdes.string, value: serdes.long })
  const stores = await twoOf<InnerKeyValueStore<string, number>>(spec)
  for (const [at, key] of ['a', 'z', 'é', 'b', 'c'].entries())
    stores[at % 2 === 0 ? 0 : 1].put(key, at, 0)
  const query = storeQuery(spec, () => Promise.resolve(stores)) as KeyValueQuery<string, number>
  expect(await query.get('z')).toBe(1)
  expect(await query.get('c')).toBe(4)
  expect(await query.get('d')).toBeUndefined()
  const keys = async (range?: Parameters<typeof query.range>[0]) =>
    (await all(query.range(range))).map(({ key }) => key)
  expect(await keys()).toEqual(['a', 'b', 'c', 'z', 'é'])
  expect(await keys({ reverse: true, limit: 2 })).toEqual(['é', 'z'])
  expect(await keys({ from: 'b', to: 'c' })).toEqual(['b', 'c'])
})

test('windows of several tasks come one task after the other, and the last one is merged', async () => {
  const merge = (left: unknown, right: unknown) => Number(left) + Number(right)
  const spec = windowSpec({
    name: 'views',
    key: serdes.string,
    value: serdes.long,
    sizeMs: 10,
    retentionMs: 1000,
    panes: { sizeMs: 10, advanceMs: 10, merge },
  })
  const stores = await twoOf<InnerWindowStore<string, number>>(spec)
  stores[0].put('a', 1, 0, 0)
  stores[0].put('a', 2, 10, 10)
  stores[1].put('b', 5, 20, 20)
  const query = storeQuery(spec, () => Promise.resolve(stores)) as WindowQuery<
    string,
    number,
    'time'
  >
  const rows = (await all(query.fetchAll())).map(
    ({ key, value }) => `${key.key}@${key.start}-${key.end}=${value}`,
  )
  expect(rows).toEqual(['a@0-10=1', 'a@10-20=2', 'b@20-30=5'])
  const last = await all(query.window({ last: 20 }).range())
  expect(last).toEqual([
    { key: 'a', value: 2 },
    { key: 'b', value: 5 },
  ])
  expect(await query.get('b', 20)).toBe(5)
})

test('an instance without tasks answers nothing', async () => {
  const spec = keyValueSpec({ name: 'rows', key: serdes.string, value: serdes.long })
  const query = storeQuery(spec, () => Promise.resolve([])) as KeyValueQuery<string, number>
  expect(await query.get('a')).toBeUndefined()
  expect(await all(query.range())).toEqual([])
})
