/** The bytes of rows, outside the heap. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ByteLog } from './byte-log.ts'

describe('a log of bytes', () => {
  class Known {
    readonly log = new ByteLog()
    readonly texts = new Map<number, string>()

    append(length: number, pick: number): void {
      const text = String.fromCharCode(33 + (pick % 200)).repeat(length)
      const ref = this.log.append(pick % 2 === 0 ? text : Buffer.from(text, 'latin1'))
      expect(this.texts.has(ref)).toBe(false)
      this.texts.set(ref, text)
    }

    release(pick: number): void {
      const refs = [...this.texts.keys()]
      const ref = refs[pick % refs.length]
      if (ref === undefined) return
      this.log.release(ref)
      this.texts.delete(ref)
    }
  }

  test('gives back what it was given, until it is released', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(700), fc.nat())
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const known = new Known()
        for (const [grows, length, pick] of steps)
          if (grows) known.append(length, pick)
          else known.release(pick)
        const { log } = known
        for (const [ref, text] of known.texts) {
          expect(log.text(ref)).toBe(text)
          expect(log.view(ref).toString('latin1')).toBe(text)
          expect([log.is(ref, text, 0, 0), log.is(ref, `${text}x`, 0, 0)]).toEqual([true, false])
        }
      }),
      { seed: 5, numRuns: 100 },
    )
  })

  test('takes what is larger than a chunk', () => {
    const log = new ByteLog()
    const refs = [1, 300_000, 2, 5_000_000, 3].map((length) =>
      log.append(Buffer.alloc(length, length)),
    )
    expect(refs.map((ref) => log.length(ref))).toEqual([1, 300_000, 2, 5_000_000, 3])
    expect(log.view(refs[3] ?? 0).every((byte) => byte === (5_000_000 & 255))).toBe(true)
  })

  test('says so when there are more bytes than refs, and takes no more', () => {
    const log = new ByteLog(2)
    const refs = [log.append('a'.repeat(4000)), log.append('b'.repeat(8000))]
    expect(() => log.append('c'.repeat(8000))).toThrow('more rows in memory')
    expect(refs.map((ref) => log.text(ref)[0])).toEqual(['a', 'b'])
  })

  test('keeps what is released while it is held', () => {
    const log = new ByteLog()
    const text = 'kept'.repeat(1000)
    const ref = log.append(text)
    log.hold()
    log.release(ref)
    for (let at = 0; at < 1000; at++) log.append('x'.repeat(1000))
    expect(log.text(ref)).toBe(text)
    expect(log.isWasteful).toBe(false)
    log.letGo()
    expect(() => log.text(ref)).toThrow(TypeError)
  })
})
