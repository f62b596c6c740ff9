/**
 * Text as UTF-8, strict both ways: bytes that are no UTF-8 and halves of surrogate pairs are
 * errors, for replacing them would make unequal keys equal.
 */
import { isUtf8 } from 'node:buffer'
import { shortTextAt } from '../bytes.ts'
import type { Serde, SerdeContext } from '../serde.ts'
import { withDecodeAt } from './positional.ts'
import { undecodable, unencodable } from './serde-error.ts'
import { charsOf, withTextForm } from './text-form.ts'

/** The highest byte that is a char by itself. */
const ASCII = 127

const LONE_SURROGATE = /\p{Surrogate}/u
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/** The text of UTF-8 bytes. A byte order mark is kept, so that bytes come back as they were. */
export function decodeText(data: Buffer, context: SerdeContext): string {
  return decodeTextAt(data, 0, data.length, context)
}

/** The same, of a part. */
export function decodeTextAt(
  body: Buffer,
  from: number,
  to: number,
  context: SerdeContext,
): string {
  const short = shortTextAt(body, from, to, ASCII)
  if (short !== undefined) return short
  const text = body.toString('utf8', from, to)
  // Only a replacement character can hide a mistake, and most text has none.
  if (text.includes('\ufffd') && !isUtf8(body.subarray(from, to)))
    throw undecodable(context, 'is not UTF-8')
  return text
}

/** The UTF-8 bytes of text. */
function encodeText(text: string, context: SerdeContext): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length !== text.length && LONE_SURROGATE.test(text))
    throw unencodable(context, 'holds half of a surrogate pair, which UTF-8 cannot write')
  return bytes
}

function serializeString(value: string, context: SerdeContext): Buffer {
  return encodeText(checked(value, context), context)
}

function writeString(value: string, context: SerdeContext): Buffer | string {
  return charsOf(checked(value, context), context, encodeText)
}

function checked(value: string, context: SerdeContext): string {
  if (typeof value === 'string') return value
  throw unencodable(context, `is of type ${typeof value}, not a string`)
}

/** `serdes.stringAs`: the type is a claim, the bytes are those of `serdes.string`. */
export function stringAs<T extends string>(): Serde<T> {
  const serde: Serde<T> = {
    format: 'string',
    serialize: serializeString,
    deserialize: (data, context) => decodeText(data, context) as T,
  }
  withTextForm(serde, { write: writeString, read: (text) => text })
  return withDecodeAt(serde, decodeTextAt)
}

/** `serdes.string`. */
export const stringSerde: Serde<string> = stringAs()

/** `serdes.uuid`: its text, lower case as Java writes it, so that equal ids are equal bytes. */
export const uuidSerde: Serde<string> = {
  format: 'uuid',
  serialize: (value, context) => {
    if (!UUID.test(value)) throw unencodable(context, 'is not a UUID')
    return Buffer.from(value.toLowerCase(), 'latin1')
  },
  deserialize: (data, context) => {
    const text = data.toString('latin1')
    if (!UUID.test(text)) throw undecodable(context, 'is not the text of a UUID')
    return text
  },
}
