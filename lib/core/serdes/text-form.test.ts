/** What goes out as text must be the bytes that `serialize` gives, and come back as they do. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bufferOf } from '../bytes.ts'
import { EMPTY_HEADERS } from '../headers.ts'
import type { Serde, SerdeContext } from '../serde.ts'
import { serdes } from '../serde.ts'
import { textFormOf } from './text-form.ts'

const context: SerdeContext = { topic: 't', part: 'value', headers: EMPTY_HEADERS }

/** Bytes, or the error's code. */
function outcome(write: () => Uint8Array | string): string {
  try {
    return bufferOf(write()).toString('hex')
  } catch (error) {
    return (error as { readonly message: string }).message
  }
}

function expectSame<T>(serde: Serde<T>, value: T, at: SerdeContext = context): void {
  const form = textFormOf(serde)
  const bytes = outcome(() => serde.serialize(value, at))
  expect(outcome(() => form?.write(value as never, at) ?? 'no form')).toBe(bytes)
  const chars = form === undefined ? '' : attempt(() => form.write(value as never, at))
  if (typeof chars !== 'string') return
  expect(form?.read(chars, at)).toEqual(serde.deserialize(Buffer.from(bytes, 'hex'), at))
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

describe('the text form of a serde', () => {
  test('of strings, whatever chars they have', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('', '\u007f'.repeat(40), '\u0080'.repeat(40), 'é', '\ud800', 'a'.repeat(17)),
    )
    fc.assert(
      fc.property(text, (value) => expectSame(serdes.string, value)),
      { seed: 5, numRuns: 300 },
    )
  })

  test.each([undefined, 'bigint', 'string', 'round'] as const)(
    'of JSON with integers: %p',
    (integers) => {
      const serde =
        integers === undefined ? serdes.json<unknown>() : serdes.json<unknown>({ integers })
      const unsafe = fc.constantFrom(2 ** 53, -(2 ** 60), 9007199254740991, 1e21, '1'.repeat(20))
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue(), unsafe), (value) => {
          expectSame(serde, value)
          expectSame(serde, { b: value, a: 'ü' }, { ...context, part: 'key' })
        }),
        { seed: 6, numRuns: 300 },
      )
    },
  )

  test('is text where it is ASCII, and none of a serde that is not ours', () => {
    const form = textFormOf(serdes.string)
    expect(form?.write('a'.repeat(100) as never, context)).toBe('a'.repeat(100))
    expect(Buffer.isBuffer(form?.write('ä' as never, context))).toBe(true)
    expect(textFormOf({ ...serdes.string })).toBeUndefined()
    expect(textFormOf(serdes.long)).toBeUndefined()
  })
})
