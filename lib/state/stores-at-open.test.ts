/** Stores that are new, gone, emptied, or stand elsewhere than the inputs do. */
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
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
import { keyValueSpec } from './store-spec.ts'

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

describe('inputs', () => {
  const cache = keyValueSpec({
    name: 'cache',
    key: serdes.string,
    value: serdes.long,
    changelog: false,
  })

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
