/** What is written must be what JSON.stringify gives, or be left to it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_HEADERS } from '../headers.ts'
import type { SerdeContext } from '../serde.ts'
import { serdes } from '../serde.ts'
import { JsonScribe } from './json-scribe.ts'
import { textFormOf } from './text-form.ts'

const context: SerdeContext = { topic: 't', part: 'value', headers: EMPTY_HEADERS }
const KEYS = ['id', 'ts', 'ä', '', 'a"b', 'length', 'x y', '\u2028', '\ud800', '10', '7', 'extra']

/** Undefined where it throws, too. */
function stringified(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** Whether it was written, the first time and with what is known then; throws where that was wrong. */
function isWritten(value: unknown, scribe: JsonScribe = new JsonScribe()): boolean {
  const expected = stringified(value)
  const [first, second] = [scribe.write(value), scribe.write(value)]
  // Jest's matchers are too slow for so many.
  if (first !== second || (first !== undefined && first !== expected))
    throw new Error(`${expected} was written as ${first}, then as ${second}`)
  return first !== undefined
}

function patched(target: object, key: string, value: unknown, work: () => void): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: true })
  try {
    work()
  } finally {
    Reflect.deleteProperty(target, key)
  }
}

class Point {
  x = 1
  toJSON(): string {
    return 'point'
  }
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const integer = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(0, -0, 1e9, 1e15))
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const fraction = finite.map((of) => (Number.isInteger(of) ? 0.5 : of))
const plainText = fc.string().map((of) => of.replace(/["\\]/g, "'"))
/** What is always written. */
const plain = fc.oneof(integer, fraction, plainText, fc.boolean(), fc.constant(null))
const strange = fc.oneof(
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom<unknown>('"', '\\', '\u007f', '\n', '2\u001f', 2 ** 53, 1e21, 1e300, Number.NaN),
  fc.constantFrom<unknown>(undefined, Symbol('s'), 7n, () => 1, new Date(0), /x/, new Point()),
  fc.constantFrom<unknown>(new Number(5), new String('ab'), new Boolean(true), Object(7n)),
  fc.constantFrom<unknown>([undefined], Object.assign([1], { toJSON: () => 'list' })),
  fc.constantFrom<unknown>({ toJSON: () => 'own' }, { toJSON: 7 }, { toJSON: undefined }),
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
)

function objectOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 3 })), value, {
    maxKeys: 4,
    noNullPrototype: true,
  })
}

function nested(value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const inner = fc.oneof(value, objectOf(value), fc.array(value, { maxLength: 3 }))
  return objectOf(fc.oneof(value, inner, fc.array(inner, { maxLength: 3 }), objectOf(inner)))
}

/** The same, but that its properties are read by functions. */
function withGetters(object: object): object {
  const all = Object.entries(object).map(([key, value]): [string, PropertyDescriptor] => [
    key,
    { get: () => value, enumerable: key !== 'extra', configurable: true },
  ])
  return Object.defineProperties({}, Object.fromEntries(all))
}

const values = nested(fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: strange }))

describe('a value', () => {
  test('is written as by JSON.stringify, or left to it', () => {
    const of = { written: 0, left: 0 }
    fc.assert(
      fc.property(values, fc.nat(9), (value, how) => {
        const made = how === 0 ? withGetters(value) : how === 1 ? new Proxy(value, {}) : value
        of[isWritten(made) ? 'written' : 'left'] += 1
      }),
      { seed: 1, numRuns: 2500 },
    )
    expect(Math.min(of.written, of.left)).toBeGreaterThan(500)
  })

  test('is left to it where a part of it is strange, whatever that is', () => {
    fc.assert(
      fc.property(strange, objectOf(plain), (part, around) => {
        isWritten(part)
        isWritten({ part })
        isWritten({ ...around, list: [1, part], last: { part } })
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  test('is written, where its keys and text are ASCII and its integers safe', () => {
    const keys = fc.subarray(['id', 'a"b', 'x\ny', '', '\ud800', '10', '7', 'length', 'then'])
    const object = keys.chain((some) =>
      fc.record(Object.fromEntries(some.map((key) => [key, plain])), { noNullPrototype: true }),
    )
    const list = fc.array(fc.oneof(plain, object), { maxLength: 3 })
    fc.assert(
      fc.property(object, list, object, (inner, some, last) => {
        expect(
          isWritten({ inner, list: some, ...last, empty: {}, none: [], deep: [[inner]] }),
        ).toBe(true)
        expect(isWritten(some)).toBe(true)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['no number', Number.NaN],
    ['an infinite number', Number.NEGATIVE_INFINITY],
    ['an integer that may have been rounded', 2 ** 53],
    ['a large number', 1e300],
    ['a quote', '"'],
    ['a backslash', '\\'],
    ['a control char', '\u001f'],
    ['a char that is not ASCII', 'ä'],
    ['half a char', '\udc00'],
    ['a time', new Date(0)],
    ['an object of a class', new Point()],
    ['a map', new Map()],
    ['bytes', Buffer.from('ab')],
    ['an object without a prototype', Object.create(null)],
    ['an array of a class', new (class Some extends Array {})()],
    ['an array that is said to be none', Object.setPrototypeOf([1], Object.prototype)],
    ['a number that is said to be none', Object.setPrototypeOf(new Number(5), Object.prototype)],
    ['a string that is said to be none', Object.setPrototypeOf(new String('ab'), Object.prototype)],
    ['a bigint that is said to be none', Object.setPrototypeOf(Object(7n), Object.prototype)],
    ['an array with a hole', new Array(1)],
    ['an object that says its text', { toJSON: () => 'own' }],
    ['an array that says its text', Object.assign([1], { toJSON: () => 'list' })],
    [
      'an object that says its text, unseen',
      Object.defineProperty({}, 'toJSON', { value: () => 7 }),
    ],
    ['a key that is not ASCII', { ä: 1 }],
    ['a key that every object has', { constructor: 1 }],
    ['a key that would be a prototype', JSON.parse('{"__proto__":{"a":1}}')],
    ['objects that are deep', { a: { a: { a: { a: { a: { a: {} } } } } } }],
    ['a revoked proxy', revokedProxy()],
  ])('is left to it with %s', (_, part) => {
    expect(isWritten({ id: 1, part })).toBe(false)
    expect(isWritten({ id: 1, list: [part] })).toBe(false)
    expect(isWritten({ id: 1, list: [{ k: 1 }, { k: part }] })).toBe(false)
  })

  test('is left to it where it goes round in a circle', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(isWritten(circle)).toBe(false)
    circle.self = [circle]
    expect(isWritten(circle)).toBe(false)
  })

  test('may be a proxy, and may say what it is not', () => {
    expect(isWritten(new Proxy({ a: 1 }, {}))).toBe(true)
    expect(isWritten(new Proxy({ a: 1 }, { has: () => false, get: () => () => 'said' }))).toBe(
      false,
    )
    const getPrototypeOf = (): object => Object.prototype
    expect(isWritten(new Proxy([1], { getPrototypeOf }))).toBe(false)
    expect(isWritten(new Proxy(new Date(0), { getPrototypeOf }))).toBe(false)
    expect(isWritten(new Proxy({ a: 1 }, { ownKeys: () => ['a', 'none'] }))).toBe(true)
  })

  test('has the properties that are its own and enumerable, in their order', () => {
    const value = { b: 1, 10: 2, a: 3, 9: 4, [Symbol('s')]: 5 }
    Object.defineProperty(value, 'hidden', { value: 6, enumerable: false })
    expect(isWritten(value)).toBe(true)
    expect(new JsonScribe().write(value)).toBe('{"9":4,"10":2,"b":1,"a":3}')
  })

  test('is left to it while every object has a property more, or says its text', () => {
    const scribe = new JsonScribe()
    expect(isWritten({ a: 1, extra: 2 }, scribe)).toBe(true)
    patched(Object.prototype, 'extra', 7, () => {
      expect(scribe.write({ a: 1 })).toBeUndefined()
    })
    patched(
      Object.prototype,
      'toJSON',
      () => 'text',
      () => {
        expect(scribe.write({ a: 1 })).toBeUndefined()
        expect(scribe.write([1])).toBeUndefined()
      },
    )
    patched(
      Array.prototype,
      'toJSON',
      () => 'text',
      () => {
        expect(isWritten({ a: 1, extra: [] }, scribe)).toBe(false)
      },
    )
    for (const prototype of [String.prototype, Number.prototype, Boolean.prototype])
      patched(
        prototype,
        'toJSON',
        () => 'text',
        () => {
          expect(isWritten({ a: 'b', extra: [1, true] }, scribe)).toBe(true)
        },
      )
    expect(isWritten({ a: 1, extra: 2 }, scribe)).toBe(true)
  })
})

describe('the length of a text', () => {
  test('may be any, and one that is long is left to JSON.stringify', () => {
    const scribe = new JsonScribe()
    const parts: unknown[] = ['', 'x', 1, -9007199254740991, -Math.PI / 1e300, [[[[{}]]]]]
    let written = 0
    for (let length = 1850; length < 2100; length++)
      for (const part of parts) {
        const text = 'x'.repeat(length)
        for (const value of [{ text, part }, { part, text }, { [text]: part }, [[text], part]])
          if (isWritten(value, new JsonScribe())) written += 1
      }
    expect(written).toBeGreaterThan(parts.length * 100)
    expect(isWritten({ text: 'x'.repeat(2100) }, scribe)).toBe(false)
    expect(isWritten({ list: Array.from({ length: 2100 }, () => 1) }, scribe)).toBe(false)
    expect(isWritten({ list: Array.from({ length: 1000 }, () => []) }, scribe)).toBe(false)
    expect(isWritten({ text: 'x' }, scribe)).toBe(true)
  })
})

describe('a getter', () => {
  test('that writes does not disturb what is being written', () => {
    const [scribe, other] = [new JsonScribe(), new JsonScribe()]
    const inner: unknown[] = []
    const value = {
      a: 'before',
      get b(): string {
        inner.push(scribe.write({ a: 'inner' }), other.write({ c: 'other' }))
        return 'b'
      },
      c: 'after',
    }
    for (const _ of [1, 2]) expect(scribe.write(value)).toBe('{"a":"before","b":"b","c":"after"}')
    expect(inner).toEqual([undefined, undefined, undefined, undefined])
    expect(other.write({ c: 'other' })).toBe('{"c":"other"}')
  })

  test('that throws is left to JSON.stringify, and troubles nothing after it', () => {
    const scribe = new JsonScribe()
    const value = {
      a: 1,
      get b(): string {
        throw new Error('b')
      },
    }
    expect(isWritten(value, scribe)).toBe(false)
    expect(isWritten({ a: 1, b: 2 }, scribe)).toBe(true)
  })

  test('may take away what comes after it', () => {
    const value = {
      get a(): number {
        Reflect.deleteProperty(value, 'b')
        return 1
      },
      b: 2,
    } as { a: number; b?: number }
    expect(new JsonScribe().write(value) ?? JSON.stringify(value)).toBe('{"a":1}')
  })
})

describe('the scribe of a serde', () => {
  /** How many of them are written. */
  const writtenOf = (count: number, make: (at: number) => unknown, scribe: JsonScribe): number => {
    let written = 0
    for (let at = 0; at < count; at++) {
      const value = make(at)
      const text = scribe.write(value)
      if (text === undefined) continue
      if (text !== JSON.stringify(value)) throw new Error(`it was written as ${text}`)
      written += 1
    }
    return written
  }

  test('writes records of some kinds, whatever their values are', () => {
    const parts = [1, 0.5, 'text', null, true, [1, 2], {}, { x: 1 }, [{ y: 1 }]]
    const kinds = (at: number): object => ({ id: at, [`kind${at % 5}`]: parts[at % 9], end: 1 })
    expect(writtenOf(1000, kinds, new JsonScribe())).toBe(1000)
  })

  test('knows many sets of keys, and the first again', () => {
    const scribe = new JsonScribe()
    for (let at = 0; at < 40; at++) {
      const many = Object.fromEntries(Array.from({ length: 30 }, (_, of) => [`k${at}-${of}`, of]))
      for (const value of [
        { id: 1, many },
        { id: 2, text: 'ä' },
        { id: 3, rest: [many] },
      ])
        isWritten(value, scribe)
    }
    // It may rest by now.
    expect(writtenOf(1100, () => ({ id: 1, many: { a: 1 } }), scribe)).toBeGreaterThan(99)
  })

  test.each<[string, (at: number) => unknown]>([
    ['are of ever other keys', (at) => ({ [`k${at}`]: 1 })],
    ['hold what is left to JSON.stringify', () => ({ text: 'ä' })],
    ['are of more kinds than it remembers', (at) => ({ id: 1, [`kind${at % 9}`]: 1 })],
    ['are objects of a class', () => new Point()],
  ])('rests while records %s, and tries again', (_, make) => {
    const scribe = new JsonScribe()
    expect(writtenOf(100, make, scribe)).toBeLessThan(35)
    const like = (at: number): object => ({ id: at })
    expect(writtenOf(800, like, scribe)).toBe(0)
    expect(writtenOf(3000, like, scribe)).toBeGreaterThan(2500)
  })

  test('is not troubled by what is no object', () => {
    const scribe = new JsonScribe()
    expect(writtenOf(1000, (at) => [at, 'text', null, undefined][at % 4], scribe)).toBe(0)
    expect(isWritten({ id: 1 }, scribe)).toBe(true)
  })
})

describe('JSON of a serde that has a scribe', () => {
  const serde = (integers?: 'bigint' | 'string' | 'round') =>
    integers === undefined ? serdes.json<unknown>() : serdes.json<unknown>({ integers })

  test.each([undefined, 'bigint', 'string', 'round'] as const)(
    'is what it was before, as bytes and as text, with integers: %p',
    (integers) => {
      const { serialize } = serde(integers)
      const form = textFormOf(serde(integers))
      fc.assert(
        fc.property(
          objectOf(fc.oneof(plain, fc.string({ unit: 'binary' }), objectOf(plain))),
          (of) => {
            const same = Buffer.from(JSON.stringify(of))
            expect(same.equals(serialize(of, context))).toBe(true)
            const text = form?.write(of as never, context) ?? ''
            expect(same.equals(Buffer.from(text))).toBe(true)
            if (typeof text === 'string') expect(text).toHaveLength(same.length)
          },
        ),
        { seed: 4, numRuns: 150 },
      )
    },
  )

  test('still refuses what could not be read back, and has no text for what has none', () => {
    const { serialize } = serde()
    expect(serialize({ id: 1 }, context).toString()).toBe('{"id":1}')
    expect(() => serialize({ id: 2 ** 60 }, context)).toThrow('1152921504606847000')
    expect(
      serde('round')
        .serialize({ id: 2 ** 60 }, context)
        .toString(),
    ).toContain('606847000')
    expect(serialize({ id: 1n }, context).toString()).toBe('{"id":1}')
    for (const nothing of [null, undefined, () => 1])
      expect(() => serialize(nothing, context)).toThrow('JSON has no text')
  })

  test('has the properties of keys sorted, whatever was written before', () => {
    const { serialize } = serde()
    const of = { b: 1, a: 2 }
    expect(serialize(of, context).toString()).toBe('{"b":1,"a":2}')
    expect(serialize(of, { ...context, part: 'key' }).toString()).toBe('{"a":2,"b":1}')
  })

  test('is written whole where a getter writes by the same serde', () => {
    const { serialize } = serde()
    const value = {
      a: 'before',
      get b(): string {
        return serialize({ a: 'inner' }, context).toString()
      },
    }
    expect(serialize(value, context).toString()).toBe(JSON.stringify(value))
    expect(serialize({ a: 1, b: 2 }, context).toString()).toBe('{"a":1,"b":2}')
  })
})
