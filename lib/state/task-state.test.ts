import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import type { ByteOperation, ByteRange, ByteRow, ByteStore, WriteOptions } from './byte-store.ts'
import { Commits, collect, openState, StillClock } from './fixture.ts'
import type { InnerKeyValueStore, InnerWindowStore } from './inner-stores.ts'
import { MemoryDisk, memoryByteStore } from './memory.ts'
import { encodeSentinel, IDENTITY_KEY, POSITION_KEY } from './sentinel.ts'
import { keyValueSpec, windowSpec } from './store-spec.ts'
import type { TaskState } from './task-state.ts'

type Count = { n: number }

const counts = keyValueSpec({ name: 'counts', key: serdes.string, value: serdes.json<Count>() })
const totals = keyValueSpec({ name: 'totals', key: serdes.string, value: serdes.long })
const views = windowSpec({
  name: 'views',
  key: serdes.string,
  value: serdes.long,
  sizeMs: 60_000,
  retentionMs: 120_000,
})

function keyValue<V>(state: TaskState, name: string): InnerKeyValueStore<string, V> {
  return state.store(name) as InnerKeyValueStore<string, V>
}

function window(state: TaskState): InnerWindowStore<string, number> {
  return state.store('views') as InnerWindowStore<string, number>
}

/** A byte store whose writes wait until they are let go, or fail. */
class SlowStore implements ByteStore {
  readonly #below: ByteStore
  readonly waiting: { go(): void; fail(error: unknown): void }[] = []
  batches = 0
  slow = false

  constructor(below: ByteStore) {
    this.#below = below
  }

  get(key: Buffer): Buffer | undefined {
    return this.#below.get(key)
  }

  scan(range: ByteRange): AsyncIterable<readonly ByteRow[]> {
    return this.#below.scan(range)
  }

  async write(operations: Iterable<ByteOperation>, options?: WriteOptions): Promise<void> {
    this.batches++
    if (this.slow)
      await new Promise<void>((go, fail) => {
        this.waiting.push({ go, fail })
      })
    await this.#below.write(operations, options)
  }

  clear(range: ByteRange): Promise<void> {
    if (this.slow) return Promise.reject(new TypeError('killed before the clear'))
    return this.#below.clear(range)
  }

  close(): Promise<void> {
    return this.#below.close()
  }
}

/** Lets everything that needs nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

describe('spans', () => {
  test('rows of the open span are readable, and leave nothing when it is aborted', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('a', 1, 10)
    commits.commit(state)
    store.put('a', 2, 20)
    store.put('b', 5, 20)
    expect(store.get('a')).toEqual({ value: 2, timestamp: 20 })
    expect(state.overlayBytes).toBeGreaterThan(0)
    state.abort()
    expect(store.get('a')).toEqual({ value: 1, timestamp: 10 })
    expect(store.get('b')).toBeUndefined()
    expect(state.overlayBytes).toBe(0)
  })

  test('a frozen span that was not committed leaves nothing either', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    store.put('a', 1, 10)
    state.freeze()
    expect(store.get('a')?.value).toBe(1)
    expect(() => state.freeze()).toThrow('not decided')
    state.abort()
    expect(store.get('a')).toBeUndefined()
    expect([...state.freeze()]).toEqual([])
  })

  test('uncommitted rows never reach the disk', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [totals])
    keyValue<number>(state, 'totals').put('a', 1, 10)
    await state.flush()
    state.freeze()
    await state.flush()
    const rows = await collect(bytes.scan({ from: Buffer.from([0, 1]) }))
    expect(rows.flat()).toEqual([])
  })

  test('the changelog gets each changed row once, as it stands at the freeze', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    store.put('a', 1, 10)
    store.put('b', 7, 11)
    store.put('a', 2, 12)
    store.delete('c', 13)
    const long = (n: number): Buffer => Buffer.from([0, 0, 0, 0, 0, 0, 0, n])
    const row = { store: 'totals', topic: 'totals-changelog' }
    expect([...state.freeze()]).toEqual([
      { ...row, key: Buffer.from('a'), value: long(2), timestamp: 12 },
      { ...row, key: Buffer.from('b'), value: long(7), timestamp: 11 },
      { ...row, key: Buffer.from('c'), value: null, timestamp: 13 },
    ])
  })

  test('a rollback puts back what a record changed, and nothing else', async () => {
    const state = await openState(memoryByteStore(), [totals, views])
    const store = keyValue<number>(state, 'totals')
    store.put('kept', 1, 1)
    state.mark()
    store.put('a', 1, 1)
    const bytes = state.overlayBytes
    const mark = state.mark()
    store.put('a', 2, 2)
    store.put('a', 3, 3)
    store.put('b', 2, 2)
    store.delete('kept', 2)
    window(state).put('w', 1, 600_000, 2)
    window(state).expireBefore(300_000)
    state.rollback(mark)
    expect(store.get('a')?.value).toBe(1)
    expect(store.get('b')).toBeUndefined()
    expect(store.get('kept')?.value).toBe(1)
    expect(window(state).highestStart).toBeUndefined()
    window(state).put('w', 1, 0, 2)
    expect(window(state).get('w', 0)?.value).toBe(1)
    window(state).delete('w', 0, 2)
    expect(state.overlayBytes).toBeGreaterThan(bytes)
  })
})

describe('what a store hands out', () => {
  test.each(['open', 'frozen', 'pending', 'written'])(
    'never aliases a row that is %s',
    async (layer) => {
      const state = await openState(memoryByteStore(), [counts])
      const store = keyValue<Count>(state, 'counts')
      const mine = { n: 5 }
      store.put('a', mine, 1)
      mine.n = 6
      const commits = new Commits()
      if (layer === 'frozen') state.freeze()
      if (layer === 'pending' || layer === 'written') commits.commit(state)
      if (layer === 'written') await state.flush()
      const got = store.get('a')?.value
      if (got !== undefined) got.n = 7
      for await (const row of store.range()) row.value.n = 8
      expect(store.get('a')?.value).toEqual({ n: 5 })
    },
  )

  test('bytes are copies too, in both directions', async () => {
    const asTheyAre = serdes.of<Buffer>({
      format: 'as they are',
      serialize: (value) => value,
      deserialize: (data) => data,
    })
    const blobs = keyValueSpec({ name: 'blobs', key: serdes.string, value: asTheyAre })
    const state = await openState(memoryByteStore(), [blobs])
    const store = keyValue<Buffer>(state, 'blobs')
    const mine = Buffer.from('abc')
    store.put('a', mine, 1)
    mine.fill(0)
    store.get('a')?.value.fill(1)
    expect(store.get('a')?.value.toString()).toBe('abc')
  })
})

describe('what put refuses', () => {
  test('a value that its serde cannot write is ENCODE_FAILED at once', async () => {
    const state = await openState(memoryByteStore(), [totals, counts])
    const store = keyValue<number>(state, 'totals')
    expect(() => store.put('a', 0.5, 1)).toThrow(expect.objectContaining({ code: 'ENCODE_FAILED' }))
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(() => keyValue<unknown>(state, 'counts').put('a', circular, 1)).toThrow(
      expect.objectContaining({ code: 'ENCODE_FAILED' }),
    )
    expect([...state.freeze()]).toEqual([])
  })

  test('a row that the changelog would refuse is VALUE_TOO_LARGE at once', async () => {
    const text = keyValueSpec({ name: 'text', key: serdes.string, value: serdes.string })
    const state = await openState(memoryByteStore(), [text], { maxRowBytes: () => 200 })
    const store = keyValue<string>(state, 'text')
    store.put('a', 'x'.repeat(50), 1)
    expect(() => store.put('a', 'x'.repeat(200), 1)).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    )
    expect(store.get('a')?.value.length).toBe(50)
  })
})

describe('batches', () => {
  test('one is in flight at a time: the next waits and has the newer row (schedules A2)', async () => {
    const bytes = new SlowStore(memoryByteStore())
    const state = await openState(bytes, [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    bytes.slow = true
    store.put('a', 1, 1)
    commits.commit(state)
    const first = state.flush()
    await settle()
    store.put('a', 2, 2)
    commits.commit(state)
    const second = state.flush()
    await settle()
    expect(bytes.waiting.length).toBe(1)
    bytes.waiting.shift()?.go()
    await first
    await settle()
    expect(bytes.waiting.length).toBe(1)
    bytes.waiting.shift()?.go()
    await second
    expect(store.get('a')?.value).toBe(2)
  })

  test('a row is readable while its batch is in flight, and in a scan', async () => {
    const bytes = new SlowStore(memoryByteStore())
    const state = await openState(bytes, [totals], { cacheBytes: 0 })
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('a', 1, 1)
    commits.commit(state)
    await state.flush()
    store.put('a', 2, 2)
    commits.commit(state)
    bytes.slow = true
    const flushed = state.flush()
    await settle()
    expect(store.get('a')?.value).toBe(2)
    expect(await collect(store.range())).toEqual([{ key: 'a', value: 2, timestamp: 2 }])
    bytes.waiting.shift()?.go()
    await flushed
    expect(store.get('a')?.value).toBe(2)
    expect(state.pendingBytes).toBe(0)
  })

  test('a written row replaces what the cache had (schedules B14)', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    for (const value of [5, 6]) {
      store.put('a', value, value)
      commits.commit(state)
      await state.flush()
      expect(store.get('a')?.value).toBe(value)
    }
    store.delete('a', 7)
    commits.commit(state)
    await state.flush()
    expect(store.get('a')).toBeUndefined()
  })

  test('a scan keeps the rows that it began with, whatever is written meanwhile', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    for (const key of ['a', 'b', 'c', 'd']) store.put(key, 1, 1)
    commits.commit(state)
    await state.flush()
    store.put('b', 2, 2)
    commits.commit(state)
    store.put('c', 3, 3)
    const scan = store.range()[Symbol.asyncIterator]()
    expect((await scan.next()).value.key).toBe('a')
    for (const key of ['b', 'c', 'd', 'e']) store.put(key, 9, 9)
    commits.commit(state)
    await state.flush()
    const rest: number[] = []
    for (let step = await scan.next(); step.done !== true; step = await scan.next())
      rest.push(step.value.value)
    expect(rest).toEqual([2, 3, 1])
  })

  test('rows that the disk refused stay readable and are written by the next batch', async () => {
    const bytes = new SlowStore(memoryByteStore())
    const state = await openState(bytes, [totals], { cacheBytes: 0 })
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    bytes.slow = true
    store.put('a', 1, 1)
    store.put('b', 1, 1)
    commits.commit(state)
    const refused = state.flush()
    await settle()
    store.put('b', 2, 2)
    commits.commit(state)
    bytes.waiting.shift()?.fail(new TypeError('no space'))
    await refused
    expect([store.get('a')?.value, store.get('b')?.value]).toEqual([1, 2])
    expect(state.pendingBytes).toBeGreaterThan(0)
    bytes.slow = false
    await state.flush()
    expect([store.get('a')?.value, store.get('b')?.value]).toEqual([1, 2])
    expect(state.pendingBytes).toBe(0)
  })

  test('nothing is written when nothing is new, but hourly that the rows are complete', async () => {
    const bytes = new SlowStore(memoryByteStore())
    const clock = new StillClock()
    const state = await openState(bytes, [totals], { clock })
    new Commits().commit(state)
    await state.flush()
    const { batches } = bytes
    await state.flush()
    expect(bytes.batches).toBe(batches)
    clock.advance(3_600_000)
    await state.flush()
    expect(bytes.batches).toBe(batches + 1)
  })
})

describe('restore', () => {
  test('comes in on top of pending rows, never beneath them (schedules A3)', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('k', 5, 5)
    commits.commit(state)
    // Another owner goes on; the task comes back while the row is still pending here.
    const { offset } = state.changelogOffset('totals') ?? { offset: -1 }
    expect(offset).toBe(commits.endOf('totals'))
    state.restore(
      'totals',
      [
        {
          key: Buffer.from('k'),
          value: Buffer.from([0, 0, 0, 0, 0, 0, 0, 9]),
          timestamp: 9,
          offset,
        },
      ],
      { offset: offset + 2, leaderEpoch: 3 },
    )
    expect(store.get('k')).toEqual({ value: 9, timestamp: 9 })
    await state.flush()
    expect(store.get('k')).toEqual({ value: 9, timestamp: 9 })
    expect(state.changelogOffset('totals')).toEqual({ offset: offset + 2, leaderEpoch: 3 })
  })

  test('after a crash begins at the last batch and replays the tail alone', async () => {
    const disk = new MemoryDisk()
    const random = seededRandom(7)
    const commits = new Commits()
    const first = await openState(await disk.start(random).open('in_0'), [totals])
    const before = keyValue<number>(first, 'totals')
    before.put('a', 1, 1)
    commits.commit(first)
    await first.flush()
    const written = commits.endOf('totals')
    before.put('a', 2, 2)
    before.put('b', 3, 3)
    commits.commit(first)

    const second = await openState(await disk.start(random).open('in_0'), [totals])
    const store = keyValue<number>(second, 'totals')
    expect(second.changelogOffset('totals')).toEqual({ offset: written, leaderEpoch: -1 })
    expect(store.get('a')?.value).toBe(1)
    commits.restore(second, 'totals')
    expect(store.get('a')?.value).toBe(2)
    expect(store.get('b')?.value).toBe(3)
  })

  test('rows that the layers have already change nothing', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('a', 1, 1)
    commits.commit(state)
    store.put('a', 2, 2)
    commits.commit(state)
    commits.restore(state, 'totals', 0)
    const [first] = commits.changelogs.get('totals') ?? []
    if (first !== undefined) state.restore('totals', [first], { offset: 1, leaderEpoch: -1 })
    expect(store.get('a')?.value).toBe(2)
    expect(state.changelogOffset('totals')?.offset).toBe(commits.endOf('totals'))
  })

  test('never happens under an open span', async () => {
    const state = await openState(memoryByteStore(), [totals])
    keyValue<number>(state, 'totals').put('a', 1, 1)
    expect(() => state.restore('totals', [], { offset: 1, leaderEpoch: -1 })).toThrow('open span')
  })

  test('copies the bytes: a row outlives the batch that it came in', async () => {
    const state = await openState(memoryByteStore(), [counts])
    const key = Buffer.from('a')
    const value = Buffer.from('{"n":1}')
    state.restore('counts', [{ key, value, timestamp: 1, offset: 0 }], {
      offset: 1,
      leaderEpoch: 0,
    })
    key.fill(0)
    value.fill(0)
    expect(keyValue<Count>(state, 'counts').get('a')?.value).toEqual({ n: 1 })
  })
})

describe('trust', () => {
  async function written(bytes: ByteStore): Promise<void> {
    const state = await openState(bytes, [totals])
    keyValue<number>(state, 'totals').put('a', 1, 1)
    new Commits().commit(state, new Map([['in/0', 7]]))
    await state.flush()
  }

  test('what was closed cleanly opens as it was', async () => {
    const disk = new MemoryDisk()
    const random = seededRandom(1)
    const first = await openState(await disk.start(random).open('in_0'), [totals])
    keyValue<number>(first, 'totals').put('a', 1, 1)
    new Commits().commit(first, new Map([['in/0', 7]]))
    await first.close(true)
    disk.reboot()
    const second = await openState(await disk.start(random).open('in_0'), [totals], {
      bootId: 'boot-2',
    })
    expect(keyValue<number>(second, 'totals').get('a')).toEqual({ value: 1, timestamp: 1 })
    expect([...second.inputs]).toEqual([['in/0', 7]])
    expect(second.completeAt).toBe(1_000_000)
    expect(second.rowCounts()).toEqual([{ name: 'totals', numRowsTotal: 1 }])
  })

  test('another boot id means rebuild, unless it was closed or is written durably', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    await expect(openState(bytes, [totals], { bootId: 'another' })).rejects.toMatchObject({
      code: 'STATE_DAMAGED',
      reaction: 'rebuild',
    })
    await openState(bytes, [totals], { bootId: 'another', sync: true })
  })

  test('that it is open is on disk before anything else is', async () => {
    const disk = new MemoryDisk()
    const first = await openState(await disk.start(seededRandom(1)).open('in_0'), [totals])
    await first.close(true)
    await openState(await disk.start(seededRandom(1)).open('in_0'), [totals])
    const bytes = await disk.start(seededRandom(1)).open('in_0')
    await expect(openState(bytes, [totals], { bootId: 'another' })).rejects.toMatchObject({
      code: 'STATE_DAMAGED',
    })
  })

  test.each([
    ['identity', IDENTITY_KEY],
    ['position', POSITION_KEY],
  ])('a missing %s row means rebuild', async (_name, key) => {
    const bytes = memoryByteStore()
    await written(bytes)
    await bytes.write([{ type: 'del', key }])
    await expect(openState(bytes, [totals])).rejects.toMatchObject({ code: 'STATE_DAMAGED' })
  })

  test('both missing while rows are there means rebuild', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    await bytes.write([
      { type: 'del', key: IDENTITY_KEY },
      { type: 'del', key: POSITION_KEY },
    ])
    await expect(openState(bytes, [totals])).rejects.toMatchObject({ code: 'STATE_DAMAGED' })
  })

  test('sentinel rows of two databases mean rebuild', async () => {
    const bytes = memoryByteStore()
    const other = memoryByteStore()
    await written(bytes)
    await openState(other, [totals], { random: seededRandom(2) })
    const position = other.get(POSITION_KEY)
    if (position !== undefined)
      await bytes.write([{ type: 'put', key: POSITION_KEY, value: position }])
    await expect(openState(bytes, [totals])).rejects.toThrow('two databases')
  })

  test.each([IDENTITY_KEY, POSITION_KEY])(
    'a flipped bit in a sentinel row means rebuild',
    async (key) => {
      const bytes = memoryByteStore()
      await written(bytes)
      const value = Buffer.from(bytes.get(key) ?? '')
      value[12] = (value[12] ?? 0) ^ 1
      await bytes.write([{ type: 'put', key, value }])
      await expect(openState(bytes, [totals])).rejects.toMatchObject({ code: 'STATE_DAMAGED' })
    },
  )

  test('a flipped bit in a row is caught when it is read, or at open with verify', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    const key = Buffer.from([0, 1, ...Buffer.from('a')])
    const value = Buffer.from(bytes.get(key) ?? '')
    value[15] = (value[15] ?? 0) ^ 1
    await bytes.write([{ type: 'put', key, value }])
    const state = await openState(bytes, [totals])
    const store = keyValue<number>(state, 'totals')
    expect(() => store.get('a')).toThrow(expect.objectContaining({ code: 'STATE_DAMAGED' }))
    await expect(collect(store.range())).rejects.toMatchObject({ code: 'STATE_DAMAGED' })
    await expect(openState(bytes, [totals], { verify: true })).rejects.toMatchObject({
      code: 'STATE_DAMAGED',
    })
  })

  test('a row under the key of another is caught', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    const value = bytes.get(Buffer.from([0, 1, ...Buffer.from('a')])) ?? Buffer.alloc(0)
    await bytes.write([{ type: 'put', key: Buffer.from([0, 1, ...Buffer.from('b')]), value }])
    const state = await openState(bytes, [totals])
    expect(() => keyValue<number>(state, 'totals').get('b')).toThrow('checksum')
  })

  test.each([
    ['application', { application: 'other' }],
    ['cluster', { clusterId: 'other' }],
    ['task', { task: 'in_1' }],
    ['topic id', { topicIds: new Map([['in', 'bb']]) }],
  ])('state of another %s is refused', async (_name, other) => {
    const bytes = memoryByteStore()
    const identity = {
      application: 'app',
      clusterId: 'cluster',
      task: 'in_0',
      topicIds: new Map([['in', 'aa']]),
    }
    await openState(bytes, [totals], { identity })
    await openState(bytes, [totals], { identity })
    await expect(
      openState(bytes, [totals], { identity: { ...identity, ...other } }),
    ).rejects.toMatchObject({ code: 'STATE_FOREIGN', reaction: 'stop' })
  })

  test('the id of a topic that came later is known from then on', async () => {
    const bytes = memoryByteStore()
    const identity = { application: 'app', clusterId: 'c', task: 'in_0', topicIds: new Map() }
    await openState(bytes, [totals], { identity })
    const later = { ...identity, topicIds: new Map([['in', 'aa']]) }
    await openState(bytes, [totals], { identity: later })
    const again = { ...identity, topicIds: new Map([['in', 'bb']]) }
    await expect(openState(bytes, [totals], { identity: again })).rejects.toMatchObject({
      code: 'STATE_FOREIGN',
    })
  })

  test('a newer format is refused, whatever else it says', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    const newer = encodeSentinel(IDENTITY_KEY, {
      format: 2,
      id: '',
      application: '',
      clusterId: '',
      task: '',
      topicIds: [],
      stores: [],
    })
    await bytes.write([{ type: 'put', key: IDENTITY_KEY, value: newer }])
    await expect(openState(bytes, [totals])).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
  })

  test('a store under its name with another serde or kind is refused', async () => {
    const bytes = memoryByteStore()
    await written(bytes)
    const other = keyValueSpec({ name: 'totals', key: serdes.string, value: serdes.double })
    await expect(openState(bytes, [other])).rejects.toMatchObject({ code: 'STORE_MISMATCH' })
  })
})

describe('stores that come and go', () => {
  test('an added store starts empty beside the others, and keeps its number', async () => {
    const bytes = memoryByteStore()
    const commits = new Commits()
    const first = await openState(bytes, [totals])
    keyValue<number>(first, 'totals').put('a', 1, 1)
    commits.commit(first)
    await first.flush()
    const second = await openState(bytes, [counts, totals])
    expect(second.changelogOffset('counts')).toBeUndefined()
    keyValue<Count>(second, 'counts').put('a', { n: 1 }, 1)
    commits.commit(second)
    await second.flush()
    const third = await openState(bytes, [counts, totals])
    expect(keyValue<Count>(third, 'counts').get('a')?.value).toEqual({ n: 1 })
    expect(keyValue<number>(third, 'totals').get('a')?.value).toBe(1)
  })

  test('a removed store leaves no rows for the day when it comes back', async () => {
    const bytes = memoryByteStore()
    const first = await openState(bytes, [totals, counts])
    keyValue<number>(first, 'totals').put('a', 1, 1)
    new Commits().commit(first)
    await first.flush()
    await openState(bytes, [counts])
    const third = await openState(bytes, [totals, counts])
    expect(third.changelogOffset('totals')).toBeUndefined()
    expect(keyValue<number>(third, 'totals').get('a')).toBeUndefined()
  })

  test('a wiped store is empty in memory and on disk, and the others are not', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [totals, counts])
    keyValue<number>(state, 'totals').put('a', 1, 1)
    keyValue<Count>(state, 'counts').put('a', { n: 1 }, 1)
    const commits = new Commits()
    commits.commit(state)
    await state.flush()
    await state.wipeStore('totals')
    expect(keyValue<number>(state, 'totals').get('a')).toBeUndefined()
    expect(state.changelogOffset('totals')).toBeUndefined()
    const again = await openState(bytes, [totals, counts])
    expect(again.changelogOffset('totals')).toBeUndefined()
    expect(keyValue<Count>(again, 'counts').get('a')?.value).toEqual({ n: 1 })
    commits.restore(again, 'totals')
    expect(keyValue<number>(again, 'totals').get('a')?.value).toBe(1)
  })

  test('a store in memory is as good as the others until the process ends', async () => {
    const bytes = memoryByteStore()
    const spec = keyValueSpec({ name: 'm', in: 'memory', key: serdes.string, value: serdes.long })
    const commits = new Commits()
    const first = await openState(bytes, [spec])
    const store = keyValue<number>(first, 'm')
    store.put('b', 2, 2)
    store.put('a', 1, 1)
    commits.commit(first)
    store.put('c', 3, 3)
    first.abort()
    await first.flush()
    expect(await collect(store.range())).toEqual([
      { key: 'a', value: 1, timestamp: 1 },
      { key: 'b', value: 2, timestamp: 2 },
    ])
    const second = await openState(bytes, [spec])
    expect(second.changelogOffset('m')).toBeUndefined()
    expect(keyValue<number>(second, 'm').get('a')).toBeUndefined()
    commits.restore(second, 'm')
    expect(keyValue<number>(second, 'm').get('a')?.value).toBe(1)
  })
})

describe('how many rows there are', () => {
  test('is known from what spans did, whether or not they looked first', async () => {
    const state = await openState(memoryByteStore(), [totals, views])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    const rows = (): number[] => state.rowCounts().map(({ numRowsTotal }) => numRowsTotal)
    store.get('a')
    store.put('a', 1, 1)
    store.put('b', 1, 1)
    store.put('b', 2, 1)
    window(state).put('w', 1, 0, 1)
    window(state).put('w', 1, 600_000, 1)
    commits.commit(state)
    expect(rows()).toEqual([2, 2])
    store.get('nobody')
    store.put('b', 3, 2)
    store.get('a')
    store.delete('a', 2)
    store.delete('nobody', 2)
    window(state).expireBefore(300_000)
    commits.commit(state)
    expect(rows()).toEqual([1, 1])
    store.put('c', 1, 3)
    state.abort()
    expect(rows()).toEqual([1, 1])
    expect(await store.approximateSize()).toBe(1)
  })
})

describe('inputs', () => {
  test('committed offsets below what was counted are refused', async () => {
    const state = await openState(memoryByteStore(), [totals])
    new Commits().commit(state, new Map([['in/0', 50]]))
    expect(await state.reconcile(new Map([['in/0', 50]]))).toEqual([])
    expect(await state.reconcile(new Map([['in/0', 60]]))).toEqual([])
    await expect(state.reconcile(new Map([['in/0', 49]]))).rejects.toMatchObject({
      code: 'OFFSETS_REWOUND',
    })
  })

  test('a store without a changelog is emptied when it stands elsewhere (schedules A15)', async () => {
    const cache = keyValueSpec({
      name: 'cache',
      key: serdes.string,
      value: serdes.long,
      changelog: false,
    })
    const bytes = memoryByteStore()
    const first = await openState(bytes, [cache])
    keyValue<number>(first, 'cache').put('a', 1, 1)
    expect([...first.freeze()]).toEqual([])
    first.commit(new Map(), new Map([['in/0', 50]]))
    await first.flush()
    const second = await openState(bytes, [cache])
    expect(await second.reconcile(new Map([['in/0', 50]]))).toEqual([])
    expect(keyValue<number>(second, 'cache').get('a')?.value).toBe(1)
    expect(await second.reconcile(new Map([['in/0', 60]]))).toEqual(['cache'])
    expect(keyValue<number>(second, 'cache').get('a')).toBeUndefined()
  })

  test('a store that was to be emptied when the process ended is empty at the next open', async () => {
    const cache = keyValueSpec({
      name: 'cache',
      key: serdes.string,
      value: serdes.long,
      changelog: false,
    })
    const bytes = new SlowStore(memoryByteStore())
    const first = await openState(bytes, [cache])
    keyValue<number>(first, 'cache').put('a', 1, 1)
    new Commits().commit(first)
    await first.flush()
    bytes.slow = true
    const wiped = first.wipeStore('cache')
    await settle()
    bytes.waiting.shift()?.go()
    await expect(wiped).rejects.toThrow('killed')
    bytes.slow = false
    const second = await openState(bytes, [cache])
    expect(keyValue<number>(second, 'cache').get('a')).toBeUndefined()
  })

  test('a kept state was last complete when it was lost (schedules A5)', async () => {
    const clock = new StillClock(5000)
    const state = await openState(memoryByteStore(), [totals], { clock })
    expect(state.completeAt).toBeUndefined()
    new Commits().commit(state)
    clock.time = 6000
    expect(state.completeAt).toBe(6000)
    state.markBehind()
    clock.time = 9000
    expect(state.completeAt).toBe(6000)
    state.markComplete()
    expect(state.completeAt).toBe(9000)
  })
})
