import { beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import { memoryByteStore } from '../state/memory.ts'
import { type StoreHandle, stores } from '../state/stores.ts'
import { TaskState } from '../state/task-state.ts'
import { type FaceContext, openFace } from './store-faces.ts'

const text = { key: serdes.string, value: serdes.string }
const single = stores.keyValue('single', text)
const brief = stores.keyValue('brief', { ...text, ttl: 10 })
const windowed = stores.window('windowed', { ...text, size: 10, retention: 100 })
const several = stores.window('several', { ...text, size: 10, retention: 100, duplicates: true })
const ids = stores.dedup('ids', { key: serdes.string, horizon: 10 })

let state: TaskState
let time = 0
let expired = 0

const context: FaceContext = {
  timestamp: () => time,
  streamTime: () => time,
  expired: () => {
    expired += 1
  },
}

function open<S>(handle: StoreHandle<S, unknown>): S {
  // As the runtime does: the handle says by its type what the face is.
  return openFace(handle.spec, <I>(name: string) => state.store(name) as I, context) as S
}

async function all<T>(rows: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

beforeEach(async () => {
  time = 0
  expired = 0
  state = await TaskState.open({
    byteStore: memoryByteStore(),
    stores: [single, brief, windowed, several, ids].map(({ spec }) => spec),
    identity: { application: 'app', clusterId: 'cluster', task: 'in_0', topicIds: new Map() },
    bootId: 'boot',
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  })
})

describe('a key-value store', () => {
  test('puts at the time of the record in hand unless it is told another', () => {
    const store = open(single)
    time = 5
    store.put('a', 'x')
    store.put('b', 'y', 3)
    expect(store.entry('a')).toMatchObject({ value: 'x', timestamp: 5 })
    expect(store.entry('b')).toMatchObject({ value: 'y', timestamp: 3 })
    expect(store.get('c')).toBeUndefined()
  })

  test('puts where nothing is, and tells what was there', () => {
    const store = open(single)
    expect(store.putIfAbsent('a', 'x')).toBeUndefined()
    expect(store.putIfAbsent('a', 'y')).toBe('x')
    expect(store.delete('a')).toBe('x')
    expect(store.delete('a')).toBeUndefined()
  })

  test('is scanned in the order of its keys', async () => {
    const store = open(single)
    for (const key of ['c', 'a', 'b']) store.put(key, key)
    expect(await all(store.range({ from: 'b' }))).toEqual([
      { key: 'b', value: 'b' },
      { key: 'c', value: 'c' },
    ])
  })

  test('with a time to live forgets by stream time', () => {
    const store = open(brief)
    store.put('a', 'x')
    time = 10
    expect(store.get('a')).toBe('x')
    time = 11
    expect(store.get('a')).toBeUndefined()
  })
})

describe('a window store', () => {
  test('neither keeps nor takes what is behind its retention', () => {
    const store = open(windowed)
    store.put('a', 'old', 0)
    store.put('a', 'new', 99)
    expect(store.get('a', 0)).toBe('old')
    store.put('a', 'newer', 100)
    expect(store.get('a', 0)).toBeUndefined()
    store.put('a', 'late', 0)
    expect(store.get('a', 0)).toBeUndefined()
    expect(expired).toBe(1)
  })

  test('names rows by key and window', async () => {
    const store = open(windowed)
    store.put('a', 'x', 20)
    store.put('b', 'y', 30)
    expect(await all(store.fetchAll(0, 100))).toEqual([
      { key: { kind: 'time', key: 'a', start: 20, end: 30 }, value: 'x' },
      { key: { kind: 'time', key: 'b', start: 30, end: 40 }, value: 'y' },
    ])
    expect(await all(store.fetch('b', 0, 100))).toHaveLength(1)
    store.delete('b', 30)
    expect(store.get('b', 30)).toBeUndefined()
  })

  test('with duplicates keeps rows of one name in their order', async () => {
    const store = open(several)
    for (const value of ['x', 'y', 'x']) store.put('a', value, 20)
    const values = (await all(store.fetch('a', 20, 20))).map(({ value }) => value)
    expect(values).toEqual(['x', 'y', 'x'])
  })
})

describe('a dedup store', () => {
  test('tells an id of the same key once within its horizon', () => {
    const store = open(ids)
    const id = Buffer.from('1')
    expect(store.add('a', id, 0)).toBe(true)
    expect(store.add('a', id, 5)).toBe(false)
    expect(store.add('b', id, 5)).toBe(true)
    expect(store.add('a', id, 50)).toBe(true)
  })
})
