/**
 * What a serde throws. It knows the code and what is wrong with the bytes or the value; where the
 * record came from is the runtime's to add, which makes a `RecordError` of it.
 */
import type { RecordCode } from '../errors.ts'
import type { SerdeContext } from '../serde.ts'

/** The codes of `RecordError` that begin in a serde. */
export type SerdeCode = Extract<
  RecordCode,
  'DECODE_FAILED' | 'ENCODE_FAILED' | 'UNSAFE_INTEGER' | 'NULL_KEY' | 'NULL_VALUE'
>

export class SerdeError extends Error {
  readonly code: SerdeCode

  constructor(code: SerdeCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SerdeError'
    this.code = code
  }
}

/** Bytes that are not what the serde reads. */
export function undecodable(context: SerdeContext, what: string, cause?: unknown): SerdeError {
  const message = `the ${context.part} of a record of '${context.topic}' ${what}`
  return new SerdeError('DECODE_FAILED', message, cause === undefined ? undefined : { cause })
}

/** A value that the serde cannot write. */
export function unencodable(context: SerdeContext, what: string, cause?: unknown): SerdeError {
  const message = `the ${context.part} of a record for '${context.topic}' ${what}`
  return new SerdeError('ENCODE_FAILED', message, cause === undefined ? undefined : { cause })
}

/** An integer that a number cannot hold, in bytes that were read. */
export function unsafeInteger(
  context: SerdeContext,
  integer: string,
  remedy: string,
  cause?: unknown,
): SerdeError {
  const message = `the ${context.part} of a record of '${context.topic}' holds ${integer}, which a number cannot hold exactly: ${remedy}`
  return new SerdeError('UNSAFE_INTEGER', message, cause === undefined ? undefined : { cause })
}

/** A null where the type has none: Kafka's own, or the text `null`. */
export function unexpectedNull(context: SerdeContext, what: string): SerdeError {
  return new SerdeError(
    context.part === 'key' ? 'NULL_KEY' : 'NULL_VALUE',
    `the ${context.part} of a record of '${context.topic}' is ${what}, which its serde does not admit: wrap it in serdes.nullable() if nulls belong there`,
  )
}

/** The code of what a serde threw, a user's own included. */
export function serdeCode(error: unknown, otherwise: SerdeCode): SerdeCode {
  return error instanceof SerdeError ? error.code : otherwise
}
