/** That shapes are used where they help, and let be where they do not. */
import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS } from '../headers.ts'
import type { SerdeContext } from '../serde.ts'
import { serdes } from '../serde.ts'
import { JsonReader } from './json-reader.ts'
import { textFormOf } from './text-form.ts'

const context: SerdeContext = { topic: 't', part: 'value', headers: EMPTY_HEADERS }

/** How many of the texts were read by a shape; the others are parsed, and learned from. */
function readOf(texts: Iterable<string>, reader: JsonReader = new JsonReader()): number {
  let read = 0
  for (const text of texts) {
    const value = reader.read(text)
    if (value === undefined) reader.learn(text, JSON.parse(text))
    else read += 1
  }
  return read
}

function texts(count: number, textOf: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => textOf(at))
}

describe('the reader of a serde', () => {
  test('reads every record after the first, whatever its values are', () => {
    const values = ['1', '0.5', '"text"', 'null', 'true', '[1,2]', '[]']
    expect(readOf(texts(1000, (at) => `{"id":${at},"value":${values[at % 7]}}`))).toBe(999)
  })

  test('reads records of some kinds, once it has seen each', () => {
    const kinds = texts(1000, (at) => `{"id":${at},"of":[{"kind${(at * 7) % 5}":0},${at}]}`)
    expect(readOf(kinds)).toBe(1000 - 5)
    const optional = texts(1000, (at) => `{"id":${at}${at % 3 ? '' : ',"more":{}'},"end":0}`)
    expect(readOf(optional)).toBe(1000 - 2)
  })

  test.each([
    ['are of ever other keys', (at: number) => `{"k${at}":1}`],
    ['hold what no shape reads', () => '{"text":"a\\nb"}'],
    ['are of more kinds than it remembers', (at: number) => `{"id":1,"kind${at % 9}":0}`],
  ])('rests while records %s, and tries again', (_, textOf) => {
    const reader = new JsonReader()
    expect(readOf(texts(100, textOf), reader)).toBe(0)
    const like = texts(3000, (at) => `{"id":${at}}`)
    expect(readOf(like.slice(0, 800), reader)).toBe(0)
    expect(readOf(like, reader)).toBeGreaterThan(2500)
  })

  test('is not troubled by text that is no object, nor by long text', () => {
    const reader = new JsonReader()
    readOf(['{"id":1}', ...texts(1000, (at) => `"k${at}"`), `{"id":"${'x'.repeat(2000)}"}`], reader)
    expect(readOf(['{"id":2}'], reader)).toBe(1)
    expect(readOf([`{"id":"${'x'.repeat(2000)}"}`], reader)).toBe(0)
  })
})

describe('JSON of a serde that has shapes', () => {
  test.each([undefined, 'bigint', 'string', 'round'] as const)(
    'is what it was before, as bytes and as text, with integers: %p',
    (integers) => {
      const serde =
        integers === undefined ? serdes.json<unknown>() : serdes.json<unknown>({ integers })
      const values = [
        '1',
        '-0',
        '999999999999999',
        '9007199254740991',
        '0.25',
        '"1234567890123456"',
      ]
      for (const text of texts(60, (at) => `{"k${at % 9}":{"v":${values[at % 6]}}}`)) {
        const same = JSON.parse(text) as object
        const read = [
          serde.deserialize(Buffer.from(text), context),
          textFormOf(serde)?.read(text, context),
        ]
        expect(read).toStrictEqual([same, same])
      }
    },
  )

  test('still finds an integer that a number cannot hold, and text that is no JSON', () => {
    const serde = serdes.json<unknown>()
    const read = (text: string): unknown => serde.deserialize(Buffer.from(text), context)
    expect(read('{"id":1}')).toEqual(read('{"id":1}'))
    expect(() => read('{"id":9007199254740993}')).toThrow('9007199254740993')
    expect(() => read('{"id":01}')).toThrow('is not JSON')
    expect(() => read('{"id":1')).toThrow('is not JSON')
  })

  test('goes through its check, read by a shape or not', () => {
    const serde = serdes.json((input) => Object.keys(input as object))
    const read = texts(3, (at) => `{"id":${at}}`).map((text) =>
      serde.deserialize(Buffer.from(text), context),
    )
    expect(read).toEqual([['id'], ['id'], ['id']])
  })
})
