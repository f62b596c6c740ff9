/** When a database is believed at open, and when it is refused or rebuilt. */
import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import type { ByteStore } from './byte-store.ts'
import { Commits, collect, keyValue, openState, totals } from './fixture.ts'
import { MemoryDisk, memoryByteStore } from './memory.ts'
import { encodeSentinel, IDENTITY_KEY, POSITION_KEY } from './sentinel.ts'
import { keyValueSpec } from './store-spec.ts'

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
