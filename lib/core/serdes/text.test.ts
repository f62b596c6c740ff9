import { describe, expect, test } from '@jest/globals'
import { decodeTextAt } from './text.ts'

const CONTEXT = { topic: 't', part: 'key', headers: undefined as never } as const

describe('text in the middle of a body', () => {
  test('is read as its UTF-8 says, at every short length and wherever a char of more bytes is', () => {
    const texts = Array.from({ length: 20 }, (_, length) =>
      'abcdefghijklmnopqrstuvwxyz'.slice(0, length),
    )
    const mixed = texts.flatMap((text) =>
      Array.from(text, (_, at) => `${text.slice(0, at)}é${text.slice(at + 1)}`),
    )
    for (const text of [...texts, ...mixed, '\0', '\x7f', '\ufeffa']) {
      const body = Buffer.from(`<<${text}>>`)
      expect(decodeTextAt(body, 2, body.length - 2, CONTEXT)).toBe(text)
    }
  })

  test('is refused where it is no UTF-8, however short', () => {
    for (let length = 1; length <= 14; length++) {
      const body = Buffer.from('a'.repeat(length))
      body[length - 1] = 0xc3
      expect(() => decodeTextAt(body, 0, length, CONTEXT)).toThrow('is not UTF-8')
    }
  })
})
