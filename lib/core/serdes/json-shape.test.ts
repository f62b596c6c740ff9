/** What is read by a shape must be what JSON.parse gives, or be left to it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JsonShape } from './json-shape.ts'

const KEYS = ['id', 'ts', 'ä', '', 'a"b', 'length', 'then', 'x y', '\u2028', '日本']
/** Those that are indexes come before others, wherever they are written. */
const ALL_KEYS = ['10', ...KEYS, '7']
const MUTANTS = [...'{}[]",:\\ \n\t\u0000\u001f0123456789-+.eEatfnuä\u2028\ud800日']

function learned(...texts: readonly string[]): JsonShape {
  const shape = new JsonShape()
  for (const text of texts) shape.learn(JSON.parse(text))
  return shape
}

/** All that can be seen of a value, and of what it is made of. */
function seen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null)
    return Object.is(value, -0) ? 'minus zero' : [value]
  const descriptors = Object.getOwnPropertyDescriptors(value) as Record<string, PropertyDescriptor>
  return [
    Object.getPrototypeOf(value) === (Array.isArray(value) ? Array.prototype : Object.prototype),
    Object.isExtensible(value),
    ...Reflect.ownKeys(value).map((key) => {
      const { value: own, ...rest } = descriptors[String(key)] as PropertyDescriptor
      return [key, rest, seen(own)]
    }),
  ]
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Whether it was read; throws where that was wrong. */
function isRead(text: string, shape: JsonShape): boolean {
  const read = shape.read(text)
  if (read === undefined) return false
  const expected = parsed(text)
  // Jest's matchers are too slow for so many.
  if (expected === undefined) throw new Error(`${JSON.stringify(text)} is no JSON, but was read`)
  if (JSON.stringify(seen(read)) !== JSON.stringify(seen(expected.value)))
    throw new Error(`${JSON.stringify(text)} was read as ${JSON.stringify(read)}`)
  return true
}

/** A value's text that shapes read. */
const integer = fc.maxSafeInteger().map((of) => String(of % 1e15))
const fraction = fc
  .tuple(fc.boolean(), fc.nat(1e6), fc.nat(9_999_999))
  .map(([minus, whole, rest]) => `${minus ? '-' : ''}${whole}.${rest}`)
const chars = fc.string({ unit: 'grapheme', maxLength: 16 }).filter((of) => !of.includes('\\'))
const scalar = fc.oneof(
  integer,
  fraction,
  chars.map((of) => JSON.stringify(of.replaceAll('"', "'"))),
  fc.constantFrom('true', 'false', 'null', '0', '-0', '-0.0', '0.1', '""', '123456789012345'),
)
/** And any, some of which are no JSON. */
const anything = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.double().map((of) => String(of)),
  fc.stringMatching(/^-?\d{0,17}(\.\d{0,17})?([eE][+-]?\d{1,3})?$/),
  fc.jsonValue().map((of) => JSON.stringify(of)),
  fc.string({ unit: 'binary', maxLength: 4 }).map((of) => `"${of}"`),
)

function objectOf(value: fc.Arbitrary<string>, keys: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(...keys.map(() => value))
    .map((of) => `{${keys.map((key, at) => `${JSON.stringify(key)}:${of[at]}`).join()}}`)
}

function arrayOf(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(value, { maxLength: 3 }).map((of) => `[${of.join()}]`)
}

/** Two records of the same keys, the first of which is the example. */
function pairOf(value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> {
  return fc
    .tuple(
      fc.subarray(ALL_KEYS, { minLength: 1, maxLength: 4 }),
      fc.subarray(ALL_KEYS, { minLength: 1, maxLength: 3 }),
    )
    .chain(([keys, innerKeys]) => {
      const record = (of: fc.Arbitrary<string>): fc.Arbitrary<string> => {
        const inner = objectOf(of, innerKeys)
        const all = [of, of, inner, arrayOf(of), fc.constant('null')]
        return objectOf(fc.oneof(...all), [...keys, 'last'])
      }
      const inner = objectOf(scalar, innerKeys)
      const example = objectOf(fc.oneof(scalar, inner), [...keys, 'last'])
      return fc.tuple(example, record(value))
    })
}

const EXAMPLE =
  '{"id":10,"name":"ab ä","f":-0.5,"ok":true,"gone":null,"pos":{"x":1,"y":"z"},"list":[{"k":0},7,"s"],"end":3}'

/** Cut short, and with a char left out, replaced or added, wherever it stands. */
function mutantsOf(text: string): string[] {
  return Array.from({ length: text.length + 1 }, (_, at) => {
    const [before, after] = [text.slice(0, at), text.slice(at)]
    const replaced = MUTANTS.map((char) => before + char + after.slice(1))
    return [
      before,
      before + after.slice(1),
      ...replaced,
      ...MUTANTS.map((of) => before + of + after),
    ]
  }).flat()
}

describe('a text read by the shape of another', () => {
  test('is what JSON.parse gives, or is left to it', () => {
    let read = 0
    fc.assert(
      fc.property(pairOf(anything), ([example, text]) => {
        if (isRead(text, learned(example))) read += 1
      }),
      { seed: 1, numRuns: 1500 },
    )
    expect(read).toBeGreaterThan(100)
  })

  test('is read, where its numbers are short and nothing in it is escaped', () => {
    const keys = fc.subarray(KEYS, { minLength: 1 })
    const pair = keys.chain((of) => fc.tuple(objectOf(scalar, of), objectOf(scalar, of)))
    fc.assert(
      fc.property(pair, ([example, text]) => {
        expect(isRead(text, learned(example))).toBe(true)
      }),
      { seed: 2, numRuns: 300 },
    )
  })

  test('is refused where one char more, less or other makes it no JSON', () => {
    const shape = learned(EXAMPLE)
    expect(isRead(EXAMPLE, shape)).toBe(true)
    const read = mutantsOf(EXAMPLE).filter((text) => isRead(text, shape))
    expect(read.length).toBeGreaterThan(500)
  })

  test('is refused whatever the text was, when a char of it changes', () => {
    const how = fc.constantFrom(0, 1)
    fc.assert(
      fc.property(
        pairOf(scalar),
        fc.nat(),
        how,
        how,
        fc.constantFrom('', ...MUTANTS),
        ([example, text], place, without, with_, char) => {
          const at = place % text.length
          const mutant = text.slice(0, at) + char.repeat(with_) + text.slice(at + without)
          isRead(mutant, learned(example))
          return true
        },
      ),
      { seed: 3, numRuns: 3000 },
    )
  })

  test.each([
    '1234567890123456',
    '-1234567890123456',
    '1e3',
    '01',
    '-01',
    '00.5',
    '-',
    '.5',
    '5.',
    '1.2.3',
    '+1',
    '0x1',
    '"a\\n"',
    '"a\u001fb"',
    ' 1',
    '1 ',
    '[1,]',
    '[,1]',
    '[1 ]',
    '[[1]]',
    '[1',
    'True',
    'nul',
    'undefined',
    '1,"a":2',
    '1,"b":2',
    '1}',
    '{"c":1}',
    '"',
    '',
  ])('does not hold %j', (value) => {
    expect(learned('{"a":1}').read(`{"a":${value}}`)).toBeUndefined()
  })

  test('has numbers as they are: minus zero, fractions, types that change', () => {
    const shape = learned('{"a":"text","b":[0]}')
    for (const a of ['-0', '-0.0', '0.1', '0.30', '123456789012345', '0.0000000000001', 'null'])
      expect(isRead(`{"a":${a},"b":[${a},${a}]}`, shape)).toBe(true)
  })
})

describe('what is read', () => {
  test('shares nothing with what is read after it', () => {
    const shape = learned(EXAMPLE)
    type Record = { id: unknown; more?: unknown; pos: { x: unknown }; list: unknown[] }
    const first = shape.read(EXAMPLE) as Record
    first.id = 'changed'
    first.more = 1
    first.pos.x = 'changed'
    first.list.push('changed')
    Object.freeze(first.pos)
    expect(shape.read(EXAMPLE)).toEqual(JSON.parse(EXAMPLE))
  })
})

describe('a shape', () => {
  test.each([
    ['no object', '7'],
    ['an array', '[{"a":1}]'],
    ['keys that come before others, wherever they are written', '{"a":1,"10":2}'],
    ['a key that would be no property', '{"__proto__":{"a":1}}'],
    ['a key that every object has', '{"toString":1}'],
    ['more than 24 keys', `{${Array.from({ length: 25 }, (_, at) => `"k${at}":0`).join()}}`],
    ['an object in an object in one in one in one', '{"a":{"a":{"a":{"a":{"a":1}}}}}'],
  ])('is not made of %s', (_, text) => {
    const shape = learned(text)
    expect(shape.read(text)).toBeUndefined()
    shape.learn({ a: 1 })
    expect(isRead('{"a":2}', shape)).toBe(true)
  })

  test('is that of all texts it has seen, and of nothing between them', () => {
    const texts = ['{"a":1,"b":2}', '{"a":1}', '{"b":{}}', '{"b":{"c":1},"a":[]}', '{}']
    const shape = learned(...texts)
    for (const text of texts) expect(isRead(text, shape)).toBe(true)
    for (const text of ['{"b":2,"b":2}', '{"a":1,"b":2,"a":1}', '{"b":{"c":1,"c":1}}', '{"c":1}'])
      expect(shape.read(text)).toBeUndefined()
  })

  test('stays small, and knows what it has seen last', () => {
    const shape = new JsonShape()
    for (let at = 0; at < 500; at++) {
      const text = `{"k${at}":{"a${at}":1,"b":2},"c":3}`
      shape.learn(JSON.parse(text))
      expect(isRead(text, shape)).toBe(true)
    }
    expect(shape.read('{"k0":{"a0":1,"b":2},"c":3}')).toBeUndefined()
  })
})
