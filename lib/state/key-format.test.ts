import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bytesOf } from '../core/bytes.ts'
import {
  dedupKey,
  dedupPart,
  dedupStoreKey,
  partsOf,
  startOf,
  startPrefix,
  windowChangelogKey,
  windowKey,
  windowStoreKey,
} from './key-format.ts'

const start = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
const key = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const hex = (text: string): string => bytesOf(text).toString('hex')

describe('keys of windowed rows', () => {
  test('the changelog has the key first, then start, then number, as Kafka Streams does', () => {
    const store = windowKey(60_000, 'a', 2)
    expect(hex(store)).toBe('800000000000ea606100000002')
    expect(windowChangelogKey(bytesOf(store)).toString('hex')).toBe('61000000000000ea6000000002')
  })

  test('negative starts come before positive ones', () => {
    const starts = [-86_400_001, -1, 0, 1, 86_400_000]
    const keys = starts.map(startPrefix)
    expect([...keys].sort((one, other) => (one < other ? -1 : 1))).toEqual(keys)
    expect(startPrefix(-1)).toBe('\x7f\xff\xff\xff\xff\xff\xff\xff')
  })

  test('sort as their starts do, and come back whole', () => {
    fc.assert(
      fc.property(start, start, key, fc.nat(0x7fff_ffff), (one, other, chars, n) => {
        const name = windowKey(one, chars, n)
        expect(startOf(name)).toBe(one)
        expect(partsOf(name)).toEqual({ key: chars, n })
        expect(windowStoreKey(windowChangelogKey(bytesOf(name)))).toEqual({ key: name, start: one })
        const another = windowKey(other, chars, n)
        expect(name < another).toBe(one < other)
      }),
    )
  })

  test('what is too short for a windowed key is none', () => {
    expect(windowStoreKey(Buffer.alloc(11))).toBeUndefined()
  })
})

describe('keys of ids', () => {
  test('are length, key and id, behind the start of their segment', () => {
    const part = dedupKey('ab', 'id')
    expect(hex(part)).toBe('0000000261626964')
    const stored = dedupStoreKey(part, 125_000, 60_000)
    expect(stored.start).toBe(120_000)
    expect(dedupPart(stored.key)).toBe(part)
    expect(startOf(stored.key)).toBe(120_000)
  })
})
