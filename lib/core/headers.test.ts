import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS, recordHeaders, toRecordHeaders } from './headers.ts'

const twice = recordHeaders([
  ['trace', Buffer.from('a')],
  ['empty', null],
  ['trace', Buffer.from('b')],
])

describe('a list of headers', () => {
  test('keeps the order and names that occur twice', () => {
    expect([...twice].map(([name, value]) => [name, value?.toString()])).toEqual([
      ['trace', 'a'],
      ['empty', undefined],
      ['trace', 'b'],
    ])
    expect(twice.size).toBe(3)
  })

  test('answers with the last value of a name, as Kafka does', () => {
    expect(twice.text('trace')).toBe('b')
    expect(twice.getAll('trace').map(String)).toEqual(['a', 'b'])
  })

  test('tells a null value from a header that is not there', () => {
    expect(twice.get('empty')).toBeNull()
    expect(twice.has('empty')).toBe(true)
    expect(twice.get('other')).toBeUndefined()
    expect(twice.text('empty')).toBeUndefined()
  })

  test('is never changed: with and without make new ones', () => {
    expect(twice.with('more', 'ü').text('more')).toBe('ü')
    expect([...twice.without('trace')]).toEqual([['empty', null]])
    expect(twice.size).toBe(3)
    expect(twice.without('trace').without('empty')).toBe(EMPTY_HEADERS)
  })

  test('shares no bytes with its copy', () => {
    const bytes = Buffer.from('before')
    const copy = recordHeaders([['name', bytes]]).copy()
    bytes.write('after!')
    expect(copy.text('name')).toBe('before')
  })
})

describe('headers as they are written', () => {
  test('may be the headers of a record', () => {
    expect(toRecordHeaders(twice)).toBe(twice)
  })

  test('may be a map of text, bytes and null', () => {
    const input = new Map([['a', 'x'] as const, ['b', null] as const])
    expect([...toRecordHeaders(input)]).toEqual([
      ['a', Buffer.from('x')],
      ['b', null],
    ])
  })

  test('may be an object as kafkajs has it, with lists and what is left out', () => {
    const list = toRecordHeaders({
      a: ['1', Buffer.from('2')],
      b: undefined,
      c: new Uint8Array([3]),
    })
    expect([...list].map(([name, value]) => [name, value?.toString('latin1')])).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['c', '\u0003'],
    ])
  })

  test('are the empty list when there are none', () => {
    expect(toRecordHeaders({})).toBe(EMPTY_HEADERS)
  })
})
