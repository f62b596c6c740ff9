/**
 * An id of `dropDuplicates` as bytes (FORMATS): tag ++ int32 length ++ bytes, so that no two ids of
 * different kind or nesting meet.
 */
import { asBuffer } from '../../core/bytes.ts'

const TAG = { string: 's', number: 'd', bigint: 'i', boolean: 'b', bytes: 'x', array: 'a' } as const

/** Throws a TypeError for what is none of the kinds: null, undefined, an object. */
export function encodeId(id: unknown): Buffer {
  if (typeof id === 'string') return tagged(TAG.string, Buffer.from(id, 'utf8'))
  if (typeof id === 'number') return tagged(TAG.number, double(id))
  if (typeof id === 'bigint') return tagged(TAG.bigint, Buffer.from(id.toString(), 'latin1'))
  if (typeof id === 'boolean') return tagged(TAG.boolean, Buffer.from([id ? 1 : 0]))
  if (id instanceof Uint8Array) return tagged(TAG.bytes, asBuffer(id))
  if (Array.isArray(id)) return tagged(TAG.array, Buffer.concat(id.map(encodeId)))
  throw new TypeError(
    `the id of a record is ${id === null ? 'null' : typeof id}: give a string, number, bigint, boolean, bytes, or an array of them`,
  )
}

function tagged(tag: string, bytes: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(5 + bytes.length)
  whole.write(tag, 0, 'latin1')
  whole.writeInt32BE(bytes.length, 1)
  bytes.copy(whole, 5)
  return whole
}

/** -0 and 0 are one id, as `===` has it. */
function double(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(value === 0 ? 0 : value)
  return bytes
}
