import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_HEADERS } from '../headers.ts'
import type { Deserializer, Serde, SerdeContext, StandardSchema } from '../serde.ts'
import { serdes } from '../serde.ts'
import { hasLongDigitRun, hasLongDigits } from './json-integers.ts'

const key: SerdeContext = { topic: 'clicks', part: 'key', headers: EMPTY_HEADERS }
const value: SerdeContext = { topic: 'clicks', part: 'value', headers: EMPTY_HEADERS }

const plain = serdes.json<unknown>()
const written = (of: unknown, context = value, serde: Serde<unknown> = plain): string =>
  Buffer.from(serde.serialize(of, context)).toString('utf8')
const read = (text: string, serde: Deserializer<unknown> = plain): unknown =>
  serde.deserialize(Buffer.from(text), value)

const thrown = (work: () => unknown): { readonly code?: unknown; readonly message?: unknown } => {
  try {
    work()
  } catch (error) {
    return typeof error === 'object' && error !== null ? error : {}
  }
  return { code: 'nothing was thrown' }
}

describe('JSON', () => {
  test('comes back as it was written, as a value and as a key', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (of) => {
        fc.pre(of !== null && !/\d{16}/.test(JSON.stringify(of)))
        const same = JSON.parse(JSON.stringify(of)) as unknown
        expect(read(written(of))).toEqual(same)
        expect(read(written(of, key))).toEqual(same)
      }),
    )
  })

  test('has the properties of a key sorted, at every depth, and those of a value as they are', () => {
    const of = { b: [{ z: 1, a: 2 }], a: true, 10: 'x', 9: 'y' }
    expect(written(of, key)).toBe('{"10":"x","9":"y","a":true,"b":[{"a":2,"z":1}]}')
    expect(written({ b: 1, a: 2 })).toBe('{"b":1,"a":2}')
  })

  test('writes a key as JSON.stringify does but for the order', () => {
    const of = { at: new Date(0), gone: undefined, list: [undefined, null, Number.NaN] }
    expect(written(of, key)).toBe(JSON.stringify(of))
  })

  test.each(['', '{', '{"a":1,}', 'undefined', "{'a':1}"])('%p is a decode error', (text) => {
    expect(thrown(() => read(text)).code).toBe('DECODE_FAILED')
  })

  test('is UTF-8 or nothing', () => {
    const bytes = Buffer.from('22c32822', 'hex')
    expect(thrown(() => plain.deserialize(bytes, value)).code).toBe('DECODE_FAILED')
  })

  test('takes the text null for a mistake, not for a tombstone', () => {
    expect(thrown(() => read('null'))).toMatchObject({
      code: 'NULL_VALUE',
      message: expect.stringContaining('serdes.nullable'),
    })
    expect(thrown(() => plain.deserialize(Buffer.from('null'), key)).code).toBe('NULL_KEY')
    for (const nothing of [undefined, null, Number.NaN, () => 1])
      expect(thrown(() => written(nothing)).code).toBe('ENCODE_FAILED')
  })

  test('keeps a property called __proto__ a property', () => {
    const text = '{"__proto__":{"admin":true},"id":12345678901234567890}'
    for (const serde of [
      serdes.json<unknown>({ integers: 'bigint' }),
      serdes.json<unknown>({ integers: 'round' }),
    ]) {
      const parsed = read(text, serde)
      expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
      expect(parsed).not.toHaveProperty('admin')
      expect(Object.keys(parsed as object)).toEqual(['__proto__', 'id'])
    }
    expect(written(read('{"__proto__":1,"a":2}'), key)).toBe('{"__proto__":1,"a":2}')
  })

  test('that goes round in a circle is an encode error', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(thrown(() => written(circle)).code).toBe('ENCODE_FAILED')
    expect(thrown(() => written(circle, key)).code).toBe('ENCODE_FAILED')
  })
})

describe('an integer beyond 2^53', () => {
  const text = '{"id":9007199254740993,"small":1,"not":"9007199254740993","pi":3.14159265358979312}'

  test('is a decode error that says what to do', () => {
    expect(thrown(() => read(text))).toMatchObject({
      code: 'UNSAFE_INTEGER',
      message: expect.stringMatching(/9007199254740993.*integers/),
    })
  })

  test.each([
    ['bigint', 9007199254740993n],
    ['string', '9007199254740993'],
    ['round', 9007199254740992],
  ] as const)('becomes what %s says, and everything else stays', (integers, id) => {
    expect(read(text, serdes.json<unknown>({ integers }))).toEqual({
      id,
      small: 1,
      not: '9007199254740993',
      pi: Math.PI,
    })
  })

  test('is no matter within text, as a fraction, or below the limit', () => {
    const fine = '{"a":"90071992547409931234","b":0.12345678901234567,"c":9007199254740991}'
    expect(read(fine)).toEqual(JSON.parse(fine))
  })

  test('is written as it came when it is a bigint, whatever the options', () => {
    const of = { id: 2n ** 60n, small: 3n }
    const integers = serdes.json<unknown>({ integers: 'bigint' })
    expect(written(of, value, integers)).toBe('{"id":1152921504606846976,"small":3}')
    expect(written({ small: 3n })).toBe('{"small":3}')
  })

  test('is not written by a serde that could not read it', () => {
    expect(thrown(() => written({ sum: 2 ** 60 })).code).toBe('ENCODE_FAILED')
    expect(written({ sum: 2 ** 60 }, value, serdes.json<unknown>({ integers: 'round' }))).toContain(
      '1152921504606847000',
    )
  })

  test('keeps two times apart that are 100 ns apart', () => {
    const activity = serdes.json<{ readonly at: bigint }>({ integers: 'bigint' })
    const times = ['1424686735175173156', '1424686735175173256'].map(
      (at) => activity.deserialize(Buffer.from(`{"at":${at}}`), value).at,
    )
    expect(new Set(times).size).toBe(2)
  })

  test('is found wherever 16 digits stand side by side', () => {
    const digits = fc.stringMatching(/^[0-9]{1,20}$/)
    const parts = fc.array(fc.oneof(digits, fc.constantFrom('a', '", ', '.')), { maxLength: 12 })
    fc.assert(
      fc.property(parts, (some) => {
        const of = some.join('')
        const found = /\d{16}/.test(of)
        expect(hasLongDigits(of)).toBe(found)
        // What is around it belongs to others.
        const bytes = Buffer.from(`1${of}1`)
        expect(hasLongDigitRun(bytes, 1, bytes.length - 1)).toBe(found)
      }),
    )
  })
})

describe('a check', () => {
  const page: StandardSchema<{ readonly page: string }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (input) =>
        typeof input === 'object' && input !== null && 'page' in input
          ? { value: { page: String(input.page) } }
          : { issues: [{ message: 'expected a string', path: ['page', { key: 0 }] }] },
    },
  }

  test('by a schema gives what the schema gives', () => {
    expect(read('{"page":7}', serdes.json(page))).toEqual({ page: '7' })
  })

  test('by a schema says where a record does not fit', () => {
    expect(thrown(() => read('{}', serdes.json(page)))).toMatchObject({
      code: 'DECODE_FAILED',
      message: expect.stringContaining('page.0: expected a string'),
    })
  })

  test('by a schema must be synchronous', () => {
    const later: StandardSchema<string> = {
      '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: '' }) },
    }
    expect(thrown(() => read('1', serdes.json(later))).message).toContain('asynchronous')
  })

  test('by a function takes what it throws for a decode error', () => {
    const positive = serdes.json((input) => {
      if (typeof input !== 'number' || input <= 0) throw new Error('not positive')
      return input
    })
    expect(read('3', positive)).toBe(3)
    expect(thrown(() => read('-3', positive))).toMatchObject({
      code: 'DECODE_FAILED',
      message: expect.stringContaining('not positive'),
    })
  })
})
