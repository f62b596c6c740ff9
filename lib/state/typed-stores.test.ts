import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { Commits, collect, openState } from './fixture.ts'
import type {
  InnerDedupStore,
  InnerJoinBuffer,
  InnerKeyValueStore,
  InnerWindowStore,
} from './inner-stores.ts'
import { memoryByteStore } from './memory.ts'
import { dedupSpec, joinBufferSpec, keyValueSpec, windowSpec } from './store-spec.ts'
import type { TaskState } from './task-state.ts'

const STRINGS = { key: serdes.string, value: serdes.string }
const MINUTE = 60_000

const views = windowSpec({ name: 'views', ...STRINGS, sizeMs: MINUTE, retentionMs: 2 * MINUTE })
const left = joinBufferSpec({ name: 'left', ...STRINGS, retentionMs: 2 * MINUTE })
const ids = dedupSpec({ name: 'ids', key: serdes.string, horizonMs: 10 * MINUTE })

const window = (state: TaskState): InnerWindowStore<string, string> =>
  state.store('views') as InnerWindowStore<string, string>
const buffer = (state: TaskState): InnerJoinBuffer<string, string> =>
  state.store('left') as InnerJoinBuffer<string, string>
const dedup = (state: TaskState): InnerDedupStore<string> =>
  state.store('ids') as InnerDedupStore<string>

describe('window rows', () => {
  test('are ordered by start, then key, then number', async () => {
    const state = await openState(memoryByteStore(), [views])
    const store = window(state)
    const commits = new Commits()
    store.put('b', 'b', 0, 1)
    store.put('a', 'a', MINUTE, 1)
    commits.commit(state)
    await state.flush()
    store.put('a', 'late', 0, 1, 1)
    commits.commit(state)
    store.put('a', 'first', 0, 1)
    store.put('a', 'before', -MINUTE, 1)
    const rows = await collect(store.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))
    expect(rows.map(({ key, start, n, value }) => [start, key, n, value])).toEqual([
      [-MINUTE, 'a', 0, 'before'],
      [0, 'a', 0, 'first'],
      [0, 'a', 1, 'late'],
      [0, 'b', 0, 'b'],
      [MINUTE, 'a', 0, 'a'],
    ])
    const back = await collect(store.fetch('a', -MINUTE, 0, { reverse: true }))
    expect(back.map(({ value }) => value)).toEqual(['late', 'first', 'before'])
  })

  test('a key that begins with another is not found under it', async () => {
    const state = await openState(memoryByteStore(), [views])
    window(state).put('ab', 'x', 0, 1)
    window(state).put('a', 'y', 0, 1)
    expect((await collect(window(state).fetch('a', 0, 0))).map(({ value }) => value)).toEqual(['y'])
  })

  test('what expired is gone for readers at once, and back after an abort', async () => {
    const state = await openState(memoryByteStore(), [views], { cacheBytes: 0 })
    const store = window(state)
    const commits = new Commits()
    store.put('a', 'old', 0, 1)
    store.put('a', 'new', 10 * MINUTE, 1)
    commits.commit(state)
    await state.flush()
    store.expireBefore(5 * MINUTE)
    expect(store.get('a', 0)).toBeUndefined()
    expect((await collect(store.fetchAll(0, 20 * MINUTE))).length).toBe(1)
    store.put('a', 'too old', MINUTE, 1)
    await state.flush()
    state.abort()
    expect(store.get('a', 0)?.value).toBe('old')
    expect(store.get('a', MINUTE)).toBeUndefined()
  })

  test('leave the disk segment by segment once the span has committed, others stay', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [views])
    const store = window(state)
    const commits = new Commits()
    for (let minute = 0; minute < 6; minute++) store.put('a', `${minute}`, minute * MINUTE, 1)
    commits.commit(state)
    await state.flush()
    store.expireBefore(3 * MINUTE + 1)
    commits.commit(state)
    await state.flush()
    const rows = (await collect(bytes.scan({ from: Buffer.from([0, 1]) }))).flat()
    // The segment that holds the bound stays whole on disk, hidden.
    expect(rows.length).toBe(3)
    expect((await collect(store.fetchAll(0, 9 * MINUTE))).map(({ value }) => value)).toEqual([
      '4',
      '5',
    ])
  })

  test('a row that expires in a segment that lives reaches the disk, as it is in the changelog', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [{ ...views, sizeMs: MINUTE / 6 }])
    const store = window(state)
    const commits = new Commits()
    store.put('a', 'old', 0, 1)
    store.put('a', 'new', MINUTE / 2, 1)
    store.expireBefore(MINUTE / 3)
    commits.commit(state)
    expect(store.get('a', 0)).toBeUndefined()
    await state.flush()
    expect((await collect(bytes.scan({ from: Buffer.from([0, 1]) }))).flat().length).toBe(2)
  })

  test('a row that expires while it is pending never reaches the disk', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [views])
    const store = window(state)
    const commits = new Commits()
    store.put('a', 'old', 0, 1)
    commits.commit(state)
    store.put('a', 'new', 60 * MINUTE, 1)
    store.expireBefore(50 * MINUTE)
    commits.commit(state)
    await state.flush()
    expect((await collect(bytes.scan({ from: Buffer.from([0, 1]) }))).flat().length).toBe(1)
  })

  test('a restored row that has expired here stays away', async () => {
    const state = await openState(memoryByteStore(), [views])
    const commits = new Commits()
    window(state).put('a', 'old', 0, 1)
    window(state).put('a', 'new', 60 * MINUTE, 1)
    commits.commit(state)
    window(state).expireBefore(50 * MINUTE)
    commits.commit(state)
    const [old] = commits.changelogs.get('views') ?? []
    const at = commits.endOf('views')
    if (old !== undefined)
      state.restore('views', [{ ...old, offset: at }], { offset: at + 1, leaderEpoch: -1 })
    expect(window(state).get('a', 0)).toBeUndefined()
    expect(window(state).get('a', 60 * MINUTE)?.value).toBe('new')
  })

  test('the highest start comes back after a restart, and with a restore', async () => {
    const bytes = memoryByteStore()
    const commits = new Commits()
    const first = await openState(bytes, [views])
    window(first).put('z', 'x', 5 * MINUTE, 1)
    window(first).put('a', 'x', -MINUTE, 1)
    commits.commit(first)
    await first.flush()
    expect(window(await openState(bytes, [views])).highestStart).toBe(5 * MINUTE)
    const restored = await openState(memoryByteStore(), [views])
    expect(window(restored).highestStart).toBeUndefined()
    commits.restore(restored, 'views')
    expect(window(restored).highestStart).toBe(5 * MINUTE)
  })

  test('duplicates are numbered without gaps, whatever layer they are in', async () => {
    const state = await openState(memoryByteStore(), [views])
    const store = window(state)
    const commits = new Commits()
    for (let at = 0; at < 5; at++) store.append('k', `${at}`, 0, 1)
    commits.commit(state)
    await state.flush()
    store.append('k', '5', 0, 1)
    commits.commit(state)
    store.append('k', 'aborted', 0, 1)
    state.abort()
    store.append('k', '6', 0, 1)
    store.append('other', 'x', 0, 1)
    const rows = await collect(store.fetch('k', 0, 0))
    expect(rows.map(({ n, value }) => [n, value])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((n) => [n, `${n}`]),
    )
  })

  test('the changelog can be cut behind the last segment that expired, not beyond the disk', async () => {
    const state = await openState(memoryByteStore(), [views])
    const store = window(state)
    const commits = new Commits()
    expect(state.cutBefore('views')).toBeUndefined()
    store.put('a', 'x', 0, 1)
    commits.commit(state)
    const second = commits.endOf('views')
    store.put('a', 'x', 10 * MINUTE, 1)
    commits.commit(state)
    const third = commits.endOf('views')
    expect(state.cutBefore('views')).toBeUndefined()
    await state.flush()
    expect(state.cutBefore('views')).toBe(0)
    store.put('a', 'y', 10 * MINUTE, 1)
    store.expireBefore(5 * MINUTE)
    commits.commit(state)
    expect(state.cutBefore('views')).toBe(second)
    store.put('a', 'z', 99 * MINUTE, 1)
    store.expireBefore(98 * MINUTE)
    commits.commit(state)
    // The batch on disk ends before: after a crash the replay begins there.
    expect(state.cutBefore('views')).toBe(third)
    await state.flush()
    expect(state.cutBefore('views')).toBeGreaterThan(third)
  })

  test('the cut is known after a restart', async () => {
    const bytes = memoryByteStore()
    const commits = new Commits()
    const first = await openState(bytes, [views])
    window(first).put('a', 'x', 0, 1)
    commits.commit(first)
    const second = commits.endOf('views')
    window(first).put('a', 'x', 10 * MINUTE, 1)
    window(first).expireBefore(5 * MINUTE)
    commits.commit(first)
    await first.flush()
    expect((await openState(bytes, [views])).cutBefore('views')).toBe(second)
  })

  test('a foreign row in the changelog is told, not guessed', async () => {
    const state = await openState(memoryByteStore(), [views])
    const row = { key: Buffer.from('short'), value: null, timestamp: 1, offset: 0 }
    expect(() => state.restore('views', [row], { offset: 1, leaderEpoch: 0 })).toThrow(
      expect.objectContaining({ code: 'CHANGELOG_DIVERGED' }),
    )
  })
})

describe('join buffers', () => {
  const between = (state: TaskState, key: string, from: number, to: number): string[] => {
    const values: string[] = []
    buffer(state).visit(key, from, to, (value) => values.push(value))
    return values
  }
  const all = (state: TaskState, key = 'k'): string[] =>
    between(state, key, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)

  test('keep every record of a key and timestamp, in order', async () => {
    const state = await openState(memoryByteStore(), [left])
    const store = buffer(state)
    store.put('k', '2a', 2)
    store.put('k', '1', 1)
    store.put('k', '2b', 2)
    store.put('other', 'x', 2)
    store.put('k', '-3', -3)
    expect(all(state)).toEqual(['-3', '1', '2a', '2b'])
    expect(between(state, 'k', 1, 1)).toEqual(['1'])
    expect(between(state, 'k', 3, 9)).toEqual([])
  })

  test.each(['abort', 'rollback'])(
    'a sequence number is one more than the highest there, also after %s (schedules B15)',
    async (how) => {
      const state = await openState(memoryByteStore(), [left])
      const commits = new Commits()
      buffer(state).put('k', 'first', 1)
      commits.commit(state)
      const mark = state.mark()
      buffer(state).put('k', 'undone', 1)
      buffer(state).put('k', 'undone too', 1)
      buffer(state).put('new', 'undone', 1)
      if (how === 'abort') state.abort()
      else state.rollback(mark)
      expect(all(state, 'new')).toEqual([])
      buffer(state).put('k', 'second', 1)
      commits.commit(state)
      expect(all(state)).toEqual(['first', 'second'])
      const numbers = commits.changelogs
        .get('left')
        ?.map(({ key }) => key.readInt32BE(key.length - 4))
      expect(numbers).toEqual([0, 1])
    },
  )

  test('a restart does not reuse a sequence number', async () => {
    const bytes = memoryByteStore()
    const commits = new Commits()
    const first = await openState(bytes, [left])
    buffer(first).put('k', 'first', 1)
    commits.commit(first)
    await first.flush()
    const between = await openState(bytes, [left])
    expect(all(between)).toEqual(['first'])
    buffer(between).put('k', 'second', 1)
    commits.commit(between)
    const second = await openState(bytes, [left])
    commits.restore(second, 'left')
    buffer(second).put('k', 'third', 1)
    expect(all(second)).toEqual(['first', 'second', 'third'])
  })

  test('what expired is not met any more, and is back after an abort', async () => {
    const state = await openState(memoryByteStore(), [left])
    const commits = new Commits()
    buffer(state).put('k', 'old', 1)
    buffer(state).put('k', 'new', 100 * MINUTE)
    commits.commit(state)
    buffer(state).expireBefore(50 * MINUTE)
    expect(all(state)).toEqual(['new'])
    state.abort()
    expect(all(state)).toEqual(['old', 'new'])
    buffer(state).expireBefore(50 * MINUTE)
    commits.commit(state)
    await state.flush()
    expect(all(state)).toEqual(['new'])
  })
})

describe('dedup', () => {
  test('an id is new once within the horizon, per key', async () => {
    const state = await openState(memoryByteStore(), [ids])
    const store = dedup(state)
    expect(store.add('k', '1', 0)).toBe(true)
    expect(store.add('k', '1', 5 * MINUTE)).toBe(false)
    expect(store.add('other', '1', 5 * MINUTE)).toBe(true)
    expect(store.add('k', '2', 5 * MINUTE)).toBe(true)
    // A repeat does not renew: the first arrival counts.
    expect(store.add('k', '1', 10 * MINUTE)).toBe(false)
    expect(store.add('k', '1', 10 * MINUTE + 1)).toBe(true)
    expect(store.add('k', '1', 20 * MINUTE)).toBe(false)
  })

  test('an aborted id is new again', async () => {
    const state = await openState(memoryByteStore(), [ids])
    expect(dedup(state).add('k', '1', 0)).toBe(true)
    state.abort()
    expect(dedup(state).add('k', '1', 0)).toBe(true)
    const mark = state.mark()
    expect(dedup(state).add('k', '2', 0)).toBe(true)
    state.rollback(mark)
    expect(dedup(state).add('k', '2', 0)).toBe(true)
  })

  test('ids are known after a restart and after a restore', async () => {
    const bytes = memoryByteStore()
    const commits = new Commits()
    const first = await openState(bytes, [ids])
    dedup(first).add('k', '1', 0)
    commits.commit(first)
    await first.flush()
    dedup(first).add('k', '2', 1)
    commits.commit(first)
    const second = await openState(bytes, [ids])
    expect(dedup(second).add('k', '1', 2)).toBe(false)
    commits.restore(second, 'ids')
    expect(dedup(second).add('k', '2', 2)).toBe(false)
    const third = await openState(memoryByteStore(), [ids])
    commits.restore(third, 'ids')
    expect(dedup(third).add('k', '1', 2)).toBe(false)
  })

  test('keys and ids are told apart by their lengths', async () => {
    const state = await openState(memoryByteStore(), [ids])
    expect(dedup(state).add('ab', 'c', 0)).toBe(true)
    expect(dedup(state).add('a', 'bc', 0)).toBe(true)
  })

  test('old segments leave the disk', async () => {
    const bytes = memoryByteStore()
    const state = await openState(bytes, [ids])
    const commits = new Commits()
    for (let minute = 0; minute < 60; minute += 5) {
      dedup(state).add('k', `${minute}`, minute * MINUTE)
      commits.commit(state)
      await state.flush()
    }
    const rows = (await collect(bytes.scan({ from: Buffer.from([0, 1]) }))).flat()
    expect(rows.length).toBe(3)
  })
})

describe('key-value rows with a ttl', () => {
  const sessions = keyValueSpec({ name: 'sessions', ...STRINGS, ttlMs: MINUTE })

  test('read as absent when they are too old, and are deleted in the changelog later', async () => {
    const state = await openState(memoryByteStore(), [sessions])
    const store = state.store('sessions') as InnerKeyValueStore<string, string>
    const commits = new Commits()
    store.put('old', 'x', 0)
    store.put('renewed', 'x', 0)
    store.put('new', 'x', MINUTE)
    commits.commit(state)
    store.expireBefore(MINUTE)
    expect(store.get('old')).toBeUndefined()
    expect((await collect(store.range())).map(({ key }) => key)).toEqual(['new'])
    commits.commit(state)
    await state.flush()
    store.put('renewed', 'y', 2 * MINUTE)
    const rows = [...state.freeze()].map(({ key, value }) => [
      key.toString(),
      value?.toString() ?? null,
    ])
    expect(rows).toEqual([
      ['renewed', 'y'],
      ['old', null],
    ])
  })
})
