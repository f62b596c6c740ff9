import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { apis } from './apis.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  isFlexible,
} from './codec.ts'
import type { Api, Field } from './message-table.ts'
import { layoutOf } from './message-table.ts'
import { ProtocolError } from './protocol-error.ts'

/** Any message that a version of a table can say. */
function messageOf(
  fields: readonly Field[],
  version: number,
  flexible: boolean,
): fc.Arbitrary<object> {
  const { fields: plain, tagged } = layoutOf(fields, version, flexible)
  const all = [...plain, ...(flexible ? tagged : [])]
  return fc.record(
    Object.fromEntries(all.map((field) => [field.name, fieldOf(field, version, flexible)])),
  )
}

function fieldOf(field: Field, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  const present = presentOf(field, version, flexible)
  return field.nullable !== undefined && version >= field.nullable
    ? fc.option(present, { nil: null })
    : present
}

function presentOf({ type, of }: Field, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  switch (type) {
    case 'array':
      return fc.array(
        typeof of === 'string'
          ? presentOf({ name: '', type: of }, version, flexible)
          : messageOf(of ?? [], version, flexible),
        { maxLength: 3 },
      )
    case 'struct':
      return messageOf(typeof of === 'string' ? [] : (of ?? []), version, flexible)
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 })
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((b) => Buffer.from(b).toString('hex'))
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'uint16':
      return fc.integer({ min: 0, max: 65_535 })
    case 'int64':
      return fc.maxSafeInteger()
    case 'float64':
      return fc.double({ noNaN: true })
    default:
      return fc.integer()
  }
}

const cases = apis.flatMap((api) =>
  Array.from(
    { length: api.max - api.min + 1 },
    (_, index) => [`${api.name} ${api.min + index}`, api, api.min + index] as const,
  ),
)

describe.each(cases)('%s', (_name, api: Api, version) => {
  const flexible = isFlexible(api, version)

  test('reads the requests that it writes', () => {
    fc.assert(
      fc.property(messageOf(api.request, version, flexible), (message) => {
        const bytes = Buffer.concat(encodeRequest(api, version, message as never))
        expect(decodeRequest(api, version, bytes)).toMatchObject(message)
      }),
      { numRuns: 10 },
    )
  })

  test('reads the answers that it writes, and refuses them when they are cut', () => {
    fc.assert(
      fc.property(messageOf(api.response, version, flexible), fc.nat(), (message, at) => {
        const bytes = Buffer.concat(encodeResponse(api, version, message as never))
        expect(decodeResponse(api, version, bytes)).toMatchObject(message)
        const cut = bytes.subarray(0, at % bytes.length)
        expect(() => decodeResponse(api, version, cut)).toThrow(ProtocolError)
      }),
      { numRuns: 10 },
    )
  })

  test('answers any bytes with a message or a typed error, and with little memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeRequest(api, version, Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 10 },
    )
  })
})
