import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ByteOperation, ByteStore } from './byte-store.ts'
import { openLevelDb } from './leveldb.ts'

const MB = 1024 * 1024
const key = Buffer.from('key')

describe('LevelDB', () => {
  let folder: string
  let store: ByteStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
    store = await openLevelDb(join(folder, 'db'))
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  test('a written batch leaves no memory behind, whatever the collector does', async () => {
    const value = Buffer.alloc(256 * 1024)
    const batch: ByteOperation[] = Array.from({ length: 16 }, () => ({ type: 'put', key, value }))
    const before = process.memoryUsage.rss()
    for (let round = 0; round < 60; round++) await store.write(batch)
    expect((process.memoryUsage.rss() - before) / MB).toBeLessThan(120)
  })

  test('a write in which the rows fail leaves nothing for the next one', async () => {
    function* failing(): Iterable<ByteOperation> {
      yield { type: 'put', key, value: Buffer.from('half') }
      throw new RangeError('no more rows')
    }
    await expect(store.write(failing())).rejects.toThrow('no more rows')
    await store.write([{ type: 'put', key: Buffer.from('other'), value: Buffer.from('whole') }])
    expect(store.get(key)).toBeUndefined()
    expect(store.get(Buffer.from('other'))?.toString()).toBe('whole')
  })

  test('a write whose database is closed in its midst is refused', async () => {
    const rows: ByteOperation[] = Array.from({ length: 1000 }, () => ({
      type: 'put',
      key,
      value: Buffer.alloc(1),
    }))
    const write = store.write(rows, { pause: () => store.close() })
    await expect(write).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
  })
})
