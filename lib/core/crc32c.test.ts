import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32c, crc32cOfCopy } from './crc32c.ts'

describe('crc32c', () => {
  test('gives the check values of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.alloc(0))).toBe(0)
  })

  test('goes on where it stopped: pieces give what the whole gives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (bytes, cut) => {
        const at = Math.min(cut, bytes.length)
        const head = crc32c(bytes, 0, at)
        expect(crc32c(bytes, at, bytes.length, head)).toBe(crc32c(bytes))
      }),
    )
  })

  test('of a copy is that of the bytes, and nothing around them is touched', () => {
    const bytes = fc.uint8Array({ maxLength: 64 })
    fc.assert(
      fc.property(bytes, fc.nat(9), fc.nat(9), fc.nat(0xffffffff), (whole, cut, at, before) => {
        const from = Math.min(cut, whole.length)
        const target = Buffer.alloc(at + whole.length - from + 1, 0xee)
        const copied = crc32cOfCopy(whole, from, whole.length, target, at, before)
        expect(copied).toBe(crc32c(whole, from, whole.length, before))
        const around = [Buffer.alloc(at, 0xee), whole.subarray(from), Buffer.alloc(1, 0xee)]
        expect(target).toEqual(Buffer.concat(around))
      }),
    )
  })
})
