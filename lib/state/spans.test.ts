/** The open span of a task: what is read, refused, given up, counted and handed to the changelog. */
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import {
  Commits,
  type Count,
  collect,
  counts,
  keyValue,
  openState,
  totals,
  views,
  windowed,
} from './fixture.ts'
import { memoryByteStore } from './memory.ts'
import { keyValueSpec } from './store-spec.ts'

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
    windowed(state).put('w', 1, 600_000, 2)
    windowed(state).expireBefore(300_000)
    state.rollback(mark)
    expect(store.get('a')?.value).toBe(1)
    expect(store.get('b')).toBeUndefined()
    expect(store.get('kept')?.value).toBe(1)
    expect(windowed(state).highestStart).toBeUndefined()
    windowed(state).put('w', 1, 0, 2)
    expect(windowed(state).get('w', 0)?.value).toBe(1)
    windowed(state).delete('w', 0, 2)
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
    windowed(state).put('w', 1, 0, 1)
    windowed(state).put('w', 1, 600_000, 1)
    commits.commit(state)
    expect(rows()).toEqual([2, 2])
    store.get('nobody')
    store.put('b', 3, 2)
    store.get('a')
    store.delete('a', 2)
    store.delete('nobody', 2)
    windowed(state).expireBefore(300_000)
    commits.commit(state)
    expect(rows()).toEqual([1, 1])
    store.put('c', 1, 3)
    state.abort()
    expect(rows()).toEqual([1, 1])
    expect(await store.approximateSize()).toBe(1)
  })
})
