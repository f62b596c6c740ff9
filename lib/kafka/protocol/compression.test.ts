import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  COMPRESSIONS,
  compress,
  decompress,
  MAX_DECOMPRESSED_BYTES,
  prepareCompression,
} from './compression.ts'
import { ProtocolError } from './protocol-error.ts'
import { zstdFrames } from './zstd-frames.ts'

const CODES = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
const TEXT = Buffer.from('the same words again and again, '.repeat(20_000))

/** A zstd frame without a size, made of blocks of one repeated byte: 4 bytes for 128 kB. */
function zstdBomb(blocks: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38])
  const body = Array.from({ length: blocks }, (_, index) => {
    const block = Buffer.alloc(4)
    block.writeUIntLE((131_072 << 3) | (1 << 1) | (index === blocks - 1 ? 1 : 0), 0, 3)
    return block
  })
  return Buffer.concat([header, ...body])
}

beforeAll(prepareCompression)

describe.each(Object.entries(CODES))('%s', (name, code) => {
  test('has the code that batches carry', () => {
    expect(COMPRESSIONS[code]).toBe(name)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from('x')],
    ['words', TEXT],
    ['noise', randomBytes(200_000)],
  ])('gives %s back', (_what, bytes) => {
    expect(decompress(code, compress(code, bytes)).equals(bytes)).toBe(true)
  })

  test('is refused with a typed error when it is cut', () => {
    const whole = compress(code, TEXT)
    for (const length of [0, 1, 5, 9, whole.length >> 1])
      expect(() => {
        if (decompress(code, whole.subarray(0, length)).length < TEXT.length)
          throw new ProtocolError('short')
      }).toThrow(ProtocolError)
  })
})

describe('a bomb', () => {
  test('of gzip is refused', () => {
    const bomb = gzipSync(Buffer.alloc(MAX_DECOMPRESSED_BYTES + 1))
    expect(() => decompress(CODES.gzip, bomb)).toThrow(ProtocolError)
  })

  test('of snappy that claims gigabytes is refused before room is made', () => {
    const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])
    expect(() => decompress(CODES.snappy, claim)).toThrow(ProtocolError)
  })

  test('of zstd is refused before room is made, one that fits is not', () => {
    const before = process.memoryUsage().rss
    expect(() => decompress(CODES.zstd, zstdBomb(2049))).toThrow(ProtocolError)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    expect(decompress(CODES.zstd, zstdBomb(3))).toHaveLength(3 * 131_072)
  })

  test('of zstd that claims more than it can hold is refused', () => {
    const lie = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 8, 1, 0, 0])
    expect(() => zstdFrames(lie)).toThrow(/claims/)
  })
})

test('zstd frames that follow each other, with others to skip, are one text', () => {
  const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9])
  const frame = compress(CODES.zstd, Buffer.from('word '))
  const whole = decompress(CODES.zstd, Buffer.concat([frame, skipped, frame]))
  expect(whole.toString()).toBe('word word ')
})

test('a code that nobody has is a typed error', () => {
  expect(() => decompress(5, TEXT)).toThrow(ProtocolError)
})
