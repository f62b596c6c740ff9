import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32c as slicingCrc32c } from '../../core/crc32c.ts'
import { recordHeaders } from '../../core/headers.ts'
import type { Compression } from './compression.ts'
import { COMPRESSIONS, prepareCompression } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { murmur2, partitionFor } from './murmur2.ts'
import { ProtocolError } from './protocol-error.ts'
import { BatchWriter, encodeControlBatch, LazyBatch, readBatches } from './record-batch.ts'

const plain = { producerId: 7, producerEpoch: 2, baseSequence: 5, transactional: true } as const

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const record = fc.record({
  key: fc.option(bytes, { nil: null }),
  value: fc.option(bytes, { nil: null }),
  timestamp: fc.integer({ min: -1_000_000, max: 2 ** 51 }),
  headers: fc.array(fc.tuple(fc.string(), fc.option(bytes, { nil: null })), { maxLength: 3 }),
})

beforeAll(prepareCompression)

describe('a record batch', () => {
  test.each(COMPRESSIONS)('comes back as it was written, with compression %s', (compression) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
        const writer = new BatchWriter(64)
        for (const { key, value, timestamp, headers } of records)
          writer.append(key, value, timestamp, recordHeaders(headers))
        const batch = new LazyBatch(Buffer.from(writer.finish({ ...plain, compression })))
        expect(batch.count).toBe(records.length)
        expect([batch.producerId, batch.producerEpoch, batch.baseSequence]).toEqual([7, 2, 5])
        expect([batch.isTransactional, batch.isControl, batch.nextOffset]).toEqual([
          true,
          false,
          records.length,
        ])
        for (const [index, { key, value, timestamp, headers }] of records.entries()) {
          expect(batch.offset(index)).toBe(index)
          expect(batch.timestamp(index)).toBe(timestamp)
          expect(batch.key(index)).toEqual(key)
          expect(batch.value(index)).toEqual(value)
          expect([...batch.headers(index)]).toEqual(headers)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is refused when any of its bytes behind the checksum has changed', () => {
    const writer = new BatchWriter()
    writer.append(Buffer.from('key'), Buffer.from('value'), 1)
    const whole = Buffer.from(writer.finish(plain))
    for (let at = 17; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 4
      expect(() => new LazyBatch(damaged)).toThrow(ProtocolError)
    }
  })

  test('gives a typed error for a body that lies, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.integer({ min: 0, max: 9 }),
        (body, count) => {
          const batch = Buffer.concat([Buffer.alloc(61), body])
          batch.writeInt32BE(batch.length - 12, 8)
          batch[16] = 2
          batch.writeInt32BE(count, 57)
          batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
          try {
            const lazy = new LazyBatch(batch)
            for (let index = 0; index < lazy.count; index++) lazy.headers(index)
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is left out where the broker cut it', () => {
    const writer = new BatchWriter()
    writer.append(null, Buffer.from('value'), 1)
    const one = Buffer.from(writer.finish(plain))
    const answer = Buffer.concat([one, one, one.subarray(0, 30)])
    expect([...readBatches(answer)]).toHaveLength(2)
  })

  test('of a marker says how the transaction ended', () => {
    const producer = { producerId: 9, producerEpoch: 1, coordinatorEpoch: 3 }
    const abort = new LazyBatch(encodeControlBatch('abort', 5, producer))
    const commit = new LazyBatch(encodeControlBatch('commit', 5, producer))
    expect([abort.isControl, abort.controlType, commit.controlType]).toEqual([true, 0, 1])
  })

  test.each(['gzip', 'zstd', 'snappy', 'lz4'] satisfies Compression[])(
    'that is damaged under %s gives a typed error',
    (compression) => {
      const writer = new BatchWriter()
      for (let at = 0; at < 50; at++) writer.append(null, Buffer.from('a value again'), at)
      const batch = Buffer.from(writer.finish({ ...plain, compression }))
      for (let at = 61; at < batch.length; at += 3) {
        const damaged = Buffer.from(batch)
        damaged[at] = (damaged[at] ?? 0) ^ 0x55
        damaged.writeUInt32BE(crc32c(damaged.subarray(21)), 17)
        try {
          new LazyBatch(damaged).value(49)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }
    },
  )
})

describe('CRC-32C', () => {
  test('has the check value of the standard, with and without native code', () => {
    const check = Buffer.from('123456789')
    expect([crc32c(check), slicingCrc32c(check)]).toEqual([0xe3069283, 0xe3069283])
  })

  test('is the same both ways for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        const data = Buffer.from(array)
        expect(slicingCrc32c(data)).toBe(crc32c(data))
      }),
    )
  })
})

describe('murmur2', () => {
  test.each([
    ['', 275_646_681, 9],
    ['a', -1_563_381_124, 4],
    ['ab', 316_155_434, 2],
    ['abc', 479_470_107, 3],
    ['kafka', -798_503_068, 4],
    ['hello world', 1_221_641_059, 7],
    ['a-little-bit-longer-string', -1_486_304_829, 11],
    ['é', 186_971_271, 3],
    ['😀', 131_881_617, 9],
  ])('of %j is what Java says', (key, hash, ofTwelve) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
    expect(partitionFor(Buffer.from(key), 12)).toBe(ofTwelve)
  })
})
