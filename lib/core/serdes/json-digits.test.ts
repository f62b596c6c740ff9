import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { putInteger } from './json-digits.ts'

const bytes = Buffer.alloc(24)

function written(integer: number): string {
  bytes.fill('x')
  return bytes.toString('latin1', 3, putInteger(bytes, integer, 3))
}

describe('an integer as digits', () => {
  test('is its text, whatever it is', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(52), (integer, shift) => {
        const shorter = Math.trunc(integer / 2 ** shift)
        expect(written(shorter)).toBe(String(shorter))
      }),
      { numRuns: 500 },
    )
  })

  test('is its text where one more digit is needed', () => {
    const limits = Array.from({ length: 16 }, (_, places) => 10 ** places)
    const halves = Array.from({ length: 200 }, (_, at) => (9_007_199 - at) * 1e9)
    const all = [...limits, ...halves, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]
    for (const limit of all)
      for (const integer of [limit - 1, limit, Math.min(limit + 1, Number.MAX_SAFE_INTEGER)]) {
        expect(written(integer)).toBe(String(integer))
        expect(written(-integer)).toBe(String(-integer))
      }
  })

  test('leaves what stands around it', () => {
    const end = 3 + written(-1_234_567_890_123).length
    expect(bytes.toString('latin1')).toBe(`xxx-1234567890123${'x'.repeat(24 - end)}`)
  })
})
