/**
 * An id of `dropDuplicates` as bytes (FORMATS), one char each: tag ++ int32 length ++ bytes, so that no
 * two ids of different kind or nesting meet.
 */
import { asBuffer, int32Chars, mapKey, utf8Chars } from '../../core/bytes.ts'

const TAG = { string: 's', number: 'd', bigint: 'i', boolean: 'b', bytes: 'x', array: 'a' } as const

/** Throws a TypeError for what is none of the kinds: null, undefined, an object. */
export function idChars(id: unknown): string {
  if (typeof id === 'string') return tagged(TAG.string, utf8Chars(id))
  if (typeof id === 'number') return tagged(TAG.number, double(id))
  if (typeof id === 'bigint') return tagged(TAG.bigint, id.toString())
  if (typeof id === 'boolean') return tagged(TAG.boolean, id ? '\x01' : '\0')
  if (id instanceof Uint8Array) return tagged(TAG.bytes, mapKey(asBuffer(id)))
  if (Array.isArray(id)) return tagged(TAG.array, id.map(idChars).join(''))
  throw new TypeError(
    `the id of a record is ${id === null ? 'null' : typeof id}: give a string, number, bigint, boolean, bytes, or an array of them`,
  )
}

function tagged(tag: string, chars: string): string {
  return tag + int32Chars(chars.length) + chars
}

const scratch = Buffer.alloc(8)

/** -0 and 0 are one id, as `===` has it. Put together here: a call into a binary costs more. */
function double(value: number): string {
  scratch.writeDoubleBE(value === 0 ? 0 : value)
  const { 0: a = 0, 1: b = 0, 2: c = 0, 3: d = 0, 4: e = 0, 5: f = 0, 6: g = 0, 7: h = 0 } = scratch
  return String.fromCharCode(a, b, c, d, e, f, g, h)
}
