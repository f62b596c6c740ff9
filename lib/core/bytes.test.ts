import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { latin1At, shortTextAt } from './bytes.ts'

const part = fc
  .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(9), fc.nat(9))
  .map(([whole, cut, rest]) => {
    const from = Math.min(cut, whole.length)
    return { bytes: Buffer.from(whole), from, to: Math.max(from, whole.length - rest) }
  })

describe('text of bytes', () => {
  test('has a char a byte, whether they are few or many', () => {
    fc.assert(
      fc.property(part, ({ bytes, from, to }) => {
        expect(latin1At(bytes, from, to)).toBe(bytes.toString('latin1', from, to))
      }),
    )
  })

  test('is put together of few bytes alone, none of them above the highest', () => {
    fc.assert(
      fc.property(part, fc.constantFrom(127, 255), ({ bytes, from, to }, highest) => {
        const own = bytes.subarray(from, to)
        const isFit = own.length <= 12 && own.every((byte) => byte <= highest)
        expect(shortTextAt(bytes, from, to, highest)).toBe(
          isFit ? own.toString('latin1') : undefined,
        )
      }),
    )
  })
})
