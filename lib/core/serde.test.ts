import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_HEADERS } from './headers.ts'
import type { Serde, SerdeContext } from './serde.ts'
import { serdes } from './serde.ts'
import { admitsNull } from './serdes/nullable.ts'
import { windows } from './windows.ts'

const key: SerdeContext = { topic: 'clicks', part: 'key', headers: EMPTY_HEADERS }
const value: SerdeContext = { topic: 'clicks', part: 'value', headers: EMPTY_HEADERS }

const hex = <T>(serde: Serde<T>, of: T): string =>
  Buffer.from(serde.serialize(of, value)).toString('hex')
const from = <T>(serde: Serde<T>, text: string): T =>
  serde.deserialize(Buffer.from(text, 'hex'), value)

function roundTrip<T>(serde: Serde<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (of) => {
      expect(serde.deserialize(Buffer.from(serde.serialize(of, key)), key)).toEqual(of)
    }),
  )
}

const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  }
  return 'nothing was thrown'
}

/** Recorded from the JVM's own serializers. */
const JAVA: readonly (readonly [name: string, hex: string, actual: string, back: unknown])[] = [
  ['string', '68c3a96c6c6f', hex(serdes.string, 'héllo'), 'héllo'],
  ['int', '00000001', hex(serdes.int, 1), 1],
  ['int', 'ffffffff', hex(serdes.int, -1), -1],
  ['long', '0000000000000102', hex(serdes.long, 258), 258],
  ['long', 'fffffffffffffffe', hex(serdes.long, -2), -2],
  ['bigint', 'fffffffffffffffe', hex(serdes.bigint, -2n), -2n],
  ['double', '3ff8000000000000', hex(serdes.double, 1.5), 1.5],
  ['boolean', '01', hex(serdes.boolean, true), true],
]

describe('the formats of the JVM', () => {
  test.each(JAVA)('%s %s', (name, expected, actual, back) => {
    expect(actual).toBe(expected)
    const serde = new Map<string, Serde<unknown>>(
      Object.entries(serdes) as [string, Serde<unknown>][],
    )
    expect(serde.get(name)?.deserialize(Buffer.from(expected, 'hex'), value)).toEqual(back)
  })

  test('uuid is its text, lower case', () => {
    const id = '00000000-0000-0001-0000-000000000002'
    expect(hex(serdes.uuid, id)).toBe(
      '30303030303030302d303030302d303030312d303030302d303030303030303030303032',
    )
    expect(from(serdes.uuid, hex(serdes.uuid, id))).toBe(id)
    expect(hex(serdes.uuid, 'ABCDEF00-0000-0001-0000-000000000002')).toBe(
      hex(serdes.uuid, 'abcdef00-0000-0001-0000-000000000002'),
    )
    expect(codeOf(() => hex(serdes.uuid, 'no id'))).toBe('ENCODE_FAILED')
    expect(codeOf(() => from(serdes.uuid, '00'))).toBe('DECODE_FAILED')
  })

  test('a time window is the key and its start', () => {
    const serde = serdes.windowed(serdes.string, windows.tumbling(1000))
    const window = { kind: 'time', key: 'k', start: 1000, end: 2000 } as const
    expect(hex(serde, window)).toBe('6b00000000000003e8')
    expect(from(serde, '6b00000000000003e8')).toEqual(window)
    expect(codeOf(() => from(serde, '00'))).toBe('DECODE_FAILED')
  })

  test('a session is the key, its end and its start', () => {
    const sessions = { kind: 'session', sizeMs: 1000, graceMs: 0 } as const
    const serde = serdes.windowed(serdes.string, sessions)
    const window = { kind: 'session', key: 'k', start: 1000, end: 2000 } as const
    expect(hex(serde, window)).toBe('6b00000000000007d000000000000003e8')
    expect(from(serde, '6b00000000000007d000000000000003e8')).toEqual(window)
  })
})

describe('what was written comes back', () => {
  test('string', () => roundTrip(serdes.string, fc.string({ unit: 'binary' })))
  test('int', () => roundTrip(serdes.int, fc.integer()))
  test('long', () => roundTrip(serdes.long, fc.maxSafeInteger()))
  test('bigint', () => roundTrip(serdes.bigint, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)))
  test('double', () => roundTrip(serdes.double, fc.double()))
  test('boolean', () => roundTrip(serdes.boolean, fc.boolean()))
  test('uuid', () => roundTrip(serdes.uuid, fc.uuid()))
  test('tuple', () => {
    const serde = serdes.tuple(serdes.string, serdes.long, serdes.string)
    roundTrip(serde, fc.tuple(fc.string(), fc.maxSafeInteger(), fc.string()))
  })
  test('windowed', () => {
    const serde = serdes.windowed(serdes.string, windows.hopping(10, { advance: 5 }))
    const window = fc
      .tuple(fc.string(), fc.integer())
      .map(([of, start]) => ({ kind: 'time' as const, key: of, start, end: start + 10 }))
    roundTrip(serde, window)
  })
})

describe('what does not fit', () => {
  test.each<readonly [string, () => unknown]>([
    ['a fraction as int', () => hex(serdes.int, 1.5)],
    ['33 bits as int', () => hex(serdes.int, 2 ** 31)],
    ['2^53 as long', () => hex(serdes.long, 2 ** 53)],
    ['65 bits as bigint', () => hex(serdes.bigint, 2n ** 63n)],
    ['half of a surrogate pair', () => hex(serdes.string, 'a\ud800')],
  ])('%s is refused by the serializer', (_what, work) => {
    expect(codeOf(work)).toBe('ENCODE_FAILED')
  })

  test.each<readonly [string, () => unknown]>([
    ['three bytes as int', () => from(serdes.int, '000001')],
    ['nine bytes as long', () => from(serdes.long, '000000000000000001')],
    ['no bytes as double', () => from(serdes.double, '')],
    ['a boolean 02', () => from(serdes.boolean, '02')],
    ['text that is not UTF-8', () => from(serdes.string, 'c328')],
    ['a tuple of one part more', () => from(serdes.tuple(serdes.string), '610000620000')],
    ['a tuple without its end', () => from(serdes.tuple(serdes.string), '61')],
    ['a tuple with a bare zero', () => from(serdes.tuple(serdes.string), '610061')],
  ])('%s is a decode error', (_what, work) => {
    expect(codeOf(work)).toBe('DECODE_FAILED')
  })

  test('a long beyond 2^53 is not rounded', () => {
    expect(codeOf(() => from(serdes.long, '7fffffffffffffff'))).toBe('UNSAFE_INTEGER')
    expect(from(serdes.bigint, '7fffffffffffffff')).toBe(2n ** 63n - 1n)
  })

  test('a replacement character that was written is no mistake', () => {
    expect(from(serdes.string, hex(serdes.string, '\ufffd'))).toBe('\ufffd')
  })
})

describe('serdes.nullable', () => {
  test('is known to admit nulls, others are not', () => {
    expect(admitsNull(serdes.nullable(serdes.string))).toBe(true)
    expect(admitsNull(serdes.string)).toBe(false)
    expect(serdes.nullable(serdes.string).format).toBe('string')
  })
})

describe('serdes.tuple', () => {
  test('keeps the order of its parts', () => {
    const serde = serdes.tuple(serdes.string, serdes.string)
    const pair = fc.tuple(fc.string(), fc.string())
    const compare = (a: string, b: string): number => Buffer.from(a).compare(Buffer.from(b))
    fc.assert(
      fc.property(pair, pair, (a, b) => {
        const bytes = Buffer.from(serde.serialize(a, key))
        const order = compare(a[0], b[0]) || compare(a[1], b[1])
        expect(bytes.compare(Buffer.from(serde.serialize(b, key)))).toBe(order)
      }),
    )
  })
})

describe('serdes.bytes', () => {
  test('reads copies, for a fetched batch goes away; writes what it is given', () => {
    const given = Buffer.from('before')
    const read = serdes.bytes.deserialize(given, value)
    const written = serdes.bytes.serialize(given, value)
    given.write('after!')
    expect(read.toString()).toBe('before')
    expect(Buffer.from(written).toString()).toBe('after!')
  })
})
