/**
 * JSON as UTF-8, without spaces.
 *
 * 1. Nothing is rounded in silence: an integer beyond ±2^53 is refused, read and written, unless
 *    the options say what it becomes.
 * 2. The text `null` is no value: read it is NULL_VALUE or NULL_KEY, written ENCODE_FAILED.
 * 3. Keys have their properties sorted, at every depth.
 *
 * Records that look like the last are read by their shape, and written by it as values; neither takes
 * an integer that is refused, so only what remains for JSON.parse and JSON.stringify is searched for one.
 */
import { bytesOf } from '../bytes.ts'
import { messageOf } from '../errors.ts'
import type { JsonOptions, JsonSerde, Serde, SerdeContext, StandardSchema } from '../serde.ts'
import type { Check } from './check.ts'
import { isStandardSchema, schemaCheck } from './check.ts'
import type { IntegerMode } from './json-integers.ts'
import { hasLongDigitRun, hasLongDigits, parseIntegers, UnsafeInteger } from './json-integers.ts'
import { JsonReader } from './json-reader.ts'
import { JsonScribe } from './json-scribe.ts'
import { writeJson } from './json-writer.ts'
import { withDecodeAt } from './positional.ts'
import { undecodable, unencodable, unexpectedNull, unsafeInteger } from './serde-error.ts'
import { decodeTextAt } from './text.ts'
import { charsOf, withTextForm } from './text-form.ts'

const INTEGERS = "say serdes.json({ integers: 'bigint' | 'string' | 'round' })"

type JsonArgument<T> = StandardSchema<T> | Check<T> | JsonOptions

/** `serdes.json`. */
export const json: JsonSerde = <T>(first?: JsonArgument<T>, options?: JsonOptions): Serde<T> => {
  if (isStandardSchema(first)) return jsonSerde(schemaCheck<T>(first), options)
  if (typeof first === 'function') return jsonSerde(first, options)
  // Without a check the type is the caller's claim.
  return jsonSerde((input) => input as T, first)
}

function jsonSerde<T>(check: Check<T>, options: JsonOptions | undefined): Serde<T> {
  const mode: IntegerMode = options?.integers ?? 'refuse'
  const reader = new JsonReader()
  const parse = (text: string, isPlain: boolean, context: SerdeContext): unknown => {
    const input = parsed(text, isPlain, mode, context)
    reader.learn(text, input)
    return input
  }
  const decodeAt = (body: Buffer, from: number, to: number, context: SerdeContext): T => {
    const text = decodeTextAt(body, from, to, context)
    const input =
      reader.read(text) ??
      parse(text, mode === 'round' || !hasLongDigitRun(body, from, to), context)
    return checked(input, check, context)
  }
  const scribe = new JsonScribe()
  // Keys have their properties sorted.
  const scribed = (value: T, context: SerdeContext): string | undefined =>
    context.part === 'value' ? scribe.write(value) : undefined
  const write = (value: T, context: SerdeContext): string => {
    const text = textOf(value, mode, context)
    if (mode === 'refuse' && hasLongDigits(text)) refuseUnsafe(text, context)
    return text
  }
  const serde: Serde<T> = {
    format: 'json',
    serialize: (value, context) => {
      const text = scribed(value, context)
      return text === undefined ? encode(write(value, context)) : bytesOf(text)
    },
    deserialize: (data, context) => decodeAt(data, 0, data.length, context),
  }
  withTextForm(serde, {
    write: (value: T, context) =>
      scribed(value, context) ?? charsOf(write(value, context), context, encode),
    read: (text, context) => {
      const input =
        reader.read(text) ?? parse(text, mode === 'round' || !hasLongDigits(text), context)
      return checked(input, check, context)
    },
  })
  return withDecodeAt(serde, decodeAt)
}

function encode(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

function parsed(text: string, isPlain: boolean, mode: IntegerMode, context: SerdeContext): unknown {
  try {
    return isPlain ? JSON.parse(text) : parseIntegers(text, mode)
  } catch (cause) {
    if (cause instanceof UnsafeInteger) throw unsafeInteger(context, cause.message, INTEGERS, cause)
    throw undecodable(context, `is not JSON: ${messageOf(cause)}`, cause)
  }
}

function checked<T>(input: unknown, check: Check<T>, context: SerdeContext): T {
  if (input === null) throw unexpectedNull(context, 'the text null')
  try {
    return check(input)
  } catch (cause) {
    throw undecodable(context, `does not pass its check: ${messageOf(cause)}`, cause)
  }
}

function textOf(value: unknown, mode: IntegerMode, context: SerdeContext): string {
  let text: string | undefined
  try {
    text = written(value, mode, context.part === 'key')
  } catch (cause) {
    throw unencodable(context, `cannot be written as JSON: ${messageOf(cause)}`, cause)
  }
  if (text === undefined || text === 'null')
    throw unencodable(context, `is ${String(value)}, which JSON has no text for`)
  return text
}

function written(value: unknown, mode: IntegerMode, sorted: boolean): string | undefined {
  if (sorted || mode === 'bigint') return writeJson(value, sorted)
  try {
    return JSON.stringify(value)
  } catch (error) {
    // Bigints may stand in any value; looking for them first would cost every record.
    if (messageOf(error).includes('BigInt')) return writeJson(value, sorted)
    throw error
  }
}

/** What could not be read back is refused where it is made, not where it is needed. */
function refuseUnsafe(text: string, context: SerdeContext): void {
  try {
    parseIntegers(text, 'refuse')
  } catch (cause) {
    throw unencodable(
      context,
      `holds ${messageOf(cause)}, which a number cannot hold exactly, so it could not be read back: ${INTEGERS}`,
      cause,
    )
  }
}
