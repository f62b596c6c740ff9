/** Committed rows on their way to the disk. */
import { describe, expect, test } from '@jest/globals'
import {
  Commits,
  type Count,
  collect,
  counts,
  keyValue,
  openState,
  SlowStore,
  StillClock,
  settle,
  totals,
} from './fixture.ts'
import { memoryByteStore } from './memory.ts'

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

  test('a batch has the rows of its time, though all of them have changed and their memory is in use again', async () => {
    const below = memoryByteStore()
    const bytes = new SlowStore(below)
    const state = await openState(bytes, [counts])
    const store = keyValue<Count & { readonly text: string }>(state, 'counts')
    const commits = new Commits()
    const put = (n: number): void => {
      for (let at = 0; at < 1000; at++) store.put(`key-${at}`, { n, text: `${n}`.repeat(2000) }, n)
      commits.commit(state)
    }
    put(1)
    bytes.slow = true
    const first = state.flush()
    await settle()
    // More than is kept of waste, so that bytes are moved together.
    for (let n = 2; n < 9; n++) put(n)
    bytes.waiting.shift()?.go()
    await first
    const crashed = await openState(below, [counts])
    for await (const { value } of keyValue<Count & { text: string }>(crashed, 'counts').range())
      expect(value).toEqual({ n: 1, text: '1'.repeat(2000) })
    expect(store.get('key-999')?.value.n).toBe(8)
    bytes.slow = false
    await state.flush()
    const after = await openState(below, [counts])
    const rows = await collect(keyValue<Count>(after, 'counts').range())
    expect(rows.map(({ value }) => value.n)).toEqual(Array.from({ length: 1000 }, () => 8))
  })

  test('a row that was read and had to leave at once is not put where another one is now', async () => {
    const state = await openState(memoryByteStore(), [totals], { cacheBytes: 0 })
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('a', 1, 1)
    commits.commit(state)
    await state.flush()
    expect(store.get('a')?.value).toBe(1)
    store.put('b', 2, 2)
    store.put('a', 3, 3)
    expect([store.get('a')?.value, store.get('b')?.value]).toEqual([3, 2])
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
