import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordView } from '../core/record-view.ts'
import { serdes } from '../core/serde.ts'
import type { ByteOperation, ByteStore } from './byte-store.ts'
import { Commits, collect, openState } from './fixture.ts'
import type { InnerKeyValueStore } from './inner-stores.ts'
import { memoryByteStore } from './memory.ts'
import { keyValueSpec, windowSpec } from './store-spec.ts'
import type { TaskState } from './task-state.ts'

const text = keyValueSpec({ name: 'text', key: serdes.string, value: serdes.string })
const other = keyValueSpec({ name: 'other', key: serdes.string, value: serdes.string })

function rowsOf(state: TaskState, name = 'text'): InnerKeyValueStore<string, string> {
  return state.store(name) as InnerKeyValueStore<string, string>
}

/** A batch of rows; null deletes. */
function batch(from: number, rows: readonly (readonly [string, string | null])[]) {
  const view: RecordView = {
    count: rows.length,
    timestampType: 'CreateTime',
    offset: (index) => from + index,
    timestamp: (index) => 100 + index,
    key: (index) => Buffer.from(rows[index]?.[0] ?? ''),
    value: (index) => {
      const value = rows[index]?.[1] ?? null
      return value === null ? null : Buffer.from(value)
    },
    headers: () => EMPTY_HEADERS,
  }
  return {
    restore: (state: TaskState, first = 0, name = 'text'): number | undefined => {
      const next = { offset: from + rows.length, leaderEpoch: 0 }
      return state.restoreBatch(name, view, first, next)
    },
  }
}

async function contents(state: TaskState): Promise<Record<string, string>> {
  const rows = await collect(rowsOf(state).range())
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

describe('a batch of a changelog', () => {
  test('goes to the disk as it is, the last row of a key wins, and tombstones delete', async () => {
    const state = await openState(memoryByteStore(), [text])
    const first = batch(0, [
      ['a', 'one'],
      ['b', 'two'],
      ['a', 'three'],
    ])
    expect(first.restore(state)).toBe(3)
    expect(state.loadedBytes).toBeGreaterThan(0)
    await state.flush()
    expect(state.loadedBytes).toBe(0)
    expect(
      batch(3, [
        ['b', null],
        ['c', 'four'],
      ]).restore(state),
    ).toBe(2)
    await state.flush()
    expect(await contents(state)).toEqual({ a: 'three', c: 'four' })
    expect(rowsOf(state).get('a')?.timestamp).toBe(102)
    expect(state.changelogOffset('text')).toEqual({ offset: 5, leaderEpoch: 0 })
  })

  test('is not read before it is written, for nobody knows what of it is there', async () => {
    const state = await openState(memoryByteStore(), [text])
    batch(0, [['a', 'one']]).restore(state)
    expect(() => rowsOf(state).get('a')).toThrow('before its rows are written')
    await expect(collect(rowsOf(state).range())).rejects.toThrow('before its rows are written')
    await state.flush()
    expect(rowsOf(state).get('a')?.value).toBe('one')
  })

  test('goes through the layers where rows are in memory, or keys are not those on disk', async () => {
    const windowed = windowSpec({
      name: 'w',
      key: serdes.string,
      value: serdes.string,
      sizeMs: 1,
      retentionMs: 1,
    })
    const state = await openState(memoryByteStore(), [text, other, windowed])
    rowsOf(state).put('a', 'pending', 1)
    new Commits().commit(state)
    expect(batch(9, [['a', 'one']]).restore(state)).toBeUndefined()
    expect(batch(9, [['a', 'one']]).restore(state, 0, 'w')).toBeUndefined()
    expect(batch(9, [['a', 'one']]).restore(state, 0, 'other')).toBe(1)
    expect(rowsOf(state).get('a')?.value).toBe('pending')
  })

  test('passes over what the layers have already', async () => {
    const state = await openState(memoryByteStore(), [text])
    batch(0, [
      ['a', 'old'],
      ['b', 'old'],
    ]).restore(state)
    await state.flush()
    const again = batch(1, [
      ['a', 'older'],
      ['b', 'new'],
    ])
    expect(again.restore(state)).toBe(1)
    await state.flush()
    expect(await contents(state)).toEqual({ a: 'old', b: 'new' })
  })

  test('never comes in under an open span', async () => {
    const state = await openState(memoryByteStore(), [text])
    rowsOf(state).put('a', 'open', 1)
    expect(() => batch(0, [['a', 'one']]).restore(state)).toThrow('open span')
  })

  test('waits in memory, in order, while the disk refuses it', async () => {
    const bytes = memoryByteStore()
    let refuses = true
    const disk: ByteStore = {
      get: (key) => bytes.get(key),
      scan: (range) => bytes.scan(range),
      clear: (range) => bytes.clear(range),
      close: () => bytes.close(),
      write: (operations, options) => {
        const all: ByteOperation[] = []
        for (const each of operations) {
          const key = Buffer.from(each.key)
          all.push(
            each.type === 'del'
              ? { type: 'del', key }
              : { type: 'put', key, value: Buffer.from(each.value) },
          )
        }
        return refuses && all.length > 1
          ? Promise.reject(new Error('full'))
          : bytes.write(all, options)
      },
    }
    refuses = false
    const state = await openState(disk, [text])
    refuses = true
    batch(0, [
      ['a', 'one'],
      ['b', 'one'],
    ]).restore(state)
    const { loadedBytes } = state
    await state.flush()
    expect(state.loadedBytes).toBe(loadedBytes)
    batch(2, [['a', 'two']]).restore(state)
    refuses = false
    await state.flush()
    expect(state.pendingBytes).toBe(0)
    expect(await contents(state)).toEqual({ a: 'two', b: 'one' })
  })
})
