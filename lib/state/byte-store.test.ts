import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ByteOperation, ByteRange, ByteStore } from './byte-store.ts'
import { openLevelDb } from './leveldb.ts'
import { memoryByteStore } from './memory.ts'

interface Adapter {
  readonly name: string
  open(folder: string): Promise<ByteStore>
}

const adapters: readonly Adapter[] = [
  { name: 'memory', open: async () => memoryByteStore() },
  { name: 'LevelDB', open: (folder) => openLevelDb(join(folder, 'db')) },
]

const bytes = (...values: number[]): Buffer => Buffer.from(values)

function put(key: Buffer, value: string): ByteOperation {
  return { type: 'put', key, value: Buffer.from(value) }
}

async function rowsOf(store: ByteStore, range: ByteRange = {}): Promise<string[]> {
  const rows: string[] = []
  for await (const piece of store.scan(range))
    for (const [key, value] of piece) rows.push(`${key.toString('hex')}=${value.toString()}`)
  return rows
}

describe.each(adapters)('byte store: $name', ({ open }) => {
  let folder: string
  let store: ByteStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
    store = await open(folder)
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  test('gives back what was written, and undefined for what was not', async () => {
    await store.write([put(bytes(1), 'one'), put(bytes(), 'empty')])
    expect(store.get(bytes(1))?.toString()).toBe('one')
    expect(store.get(bytes())?.toString()).toBe('empty')
    expect(store.get(bytes(2))).toBeUndefined()
  })

  test('orders keys by unsigned bytes', async () => {
    const keys = [bytes(0xff), bytes(0x80), bytes(0x7f), bytes(0x7f, 0), bytes(0), bytes(0, 0xff)]
    await store.write(keys.map((key) => put(key, 'x')))
    expect(await rowsOf(store)).toEqual(
      ['00', '00ff', '7f', '7f00', '80', 'ff'].map((key) => `${key}=x`),
    )
  })

  test('scans from inclusive until exclusive, backwards and with a limit', async () => {
    await store.write([1, 2, 3, 4, 5].map((at) => put(bytes(at), `${at}`)))
    const range = { from: bytes(2), until: bytes(5) }
    expect(await rowsOf(store, range)).toEqual(['02=2', '03=3', '04=4'])
    expect(await rowsOf(store, { ...range, reverse: true })).toEqual(['04=4', '03=3', '02=2'])
    expect(await rowsOf(store, { ...range, limit: 2 })).toEqual(['02=2', '03=3'])
    expect(await rowsOf(store, { from: bytes(5), until: bytes(2) })).toEqual([])
  })

  test('a scan sees the rows as they were at its first step', async () => {
    await store.write(Array.from({ length: 3000 }, (_, at) => put(bytes(at >> 8, at & 255), 'old')))
    const scan = store.scan({})[Symbol.asyncIterator]()
    const first = await scan.next()
    await store.write([put(bytes(11, 0), 'new'), { type: 'del', key: bytes(11, 1) }])
    await store.clear({ from: bytes(11, 2), until: bytes(11, 9) })
    const values = new Set<string>()
    let count = first.value?.length ?? 0
    for (let step = await scan.next(); step.done !== true; step = await scan.next()) {
      count += step.value.length
      for (const [, value] of step.value) values.add(value.toString())
    }
    expect(count).toBe(3000)
    expect([...values]).toEqual(['old'])
  })

  test('a scan may be left early', async () => {
    await store.write(Array.from({ length: 2500 }, (_, at) => put(bytes(at >> 8, at & 255), 'x')))
    for await (const piece of store.scan({})) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect((await rowsOf(store)).length).toBe(2500)
  })

  test('refuses a second batch before the first has resolved', async () => {
    const first = store.write([put(bytes(1), 'first')])
    await expect(store.write([put(bytes(1), 'second')])).rejects.toMatchObject({ code: 'INTERNAL' })
    await first
    expect(store.get(bytes(1))?.toString()).toBe('first')
  })

  test('clears a range and nothing else', async () => {
    await store.write([1, 2, 3, 4].map((at) => put(bytes(at), `${at}`)))
    await store.clear({ from: bytes(2), until: bytes(4) })
    expect(await rowsOf(store)).toEqual(['01=1', '04=4'])
    await store.clear({})
    expect(await rowsOf(store)).toEqual([])
  })

  test('what the caller does to its buffers, or to what it got, changes nothing', async () => {
    const key = bytes(1)
    const value = Buffer.from('mine')
    await store.write([{ type: 'put', key, value }])
    key[0] = 9
    value.fill(0)
    store.get(bytes(1))?.fill(0)
    expect(store.get(bytes(1))?.toString()).toBe('mine')
  })

  test('does what a sorted map does', async () => {
    const bytesFrom = (minLength: number) =>
      fc.uint8Array({ minLength, maxLength: 2 }).map((each) => Buffer.from(each))
    const [key, value] = [bytesFrom(1), bytesFrom(0)]
    const operation = fc.oneof(
      fc.record({ type: fc.constant('put' as const), key, value }),
      fc.record({ type: fc.constant('del' as const), key }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(operation, { maxLength: 8 }), { maxLength: 6 }),
        async (batches) => {
          await store.clear({})
          const model = new Map<string, string>()
          for (const batch of batches) {
            await store.write(batch)
            for (const each of batch)
              if (each.type === 'del') model.delete(each.key.toString('hex'))
              else model.set(each.key.toString('hex'), each.value.toString())
          }
          const expected = [...model].sort(([one], [other]) => (one < other ? -1 : 1))
          expect(await rowsOf(store)).toEqual(expected.map(([at, value]) => `${at}=${value}`))
        },
      ),
      { numRuns: 30, seed: 9 },
    )
  })
})
