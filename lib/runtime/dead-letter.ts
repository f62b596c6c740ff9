/**
 * The record that tells of one that failed: its original bytes, and headers that say where and why.
 *
 * Names are those of FORMATS: Kafka Streams' where it has them. What is too large for the topic is
 * cut and said, for a dead letter that Kafka refuses would stop the task that it was to save.
 */
import type { RecordError } from '../core/errors.ts'
import { messageOf } from '../core/errors.ts'
import type { HeaderEntry, RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS, recordHeaders } from '../core/headers.ts'
import { headersSize, recordSize } from './record-size.ts'

const JAVA = '__streams.errors.'
const OURS = '__millrace.errors.'
/** An error message may hold a whole value. */
const MESSAGE_LIMIT = 2000

export interface DeadLetter {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders
}

export interface DeadLetterOptions {
  readonly error: RecordError
  readonly taskId: string
  /** Those of the failed record, which go first. */
  readonly headers: RecordHeaders
  /** Kafka's timestamp of the failed record, whatever it is. */
  readonly timestamp: number | undefined
  /** `max.message.bytes` of the topic. */
  readonly maxBytes: number
}

export function deadLetter(options: DeadLetterOptions): DeadLetter {
  const { error, maxBytes } = options
  const ours = errorHeaders(options)
  const { key, value } = error.raw
  const whole = recordHeaders([...options.headers, ...ours])
  if (recordSize(key, value, whole) <= maxBytes) return { key, value, headers: whole }
  return cut(key, value, options.headers, ours, maxBytes)
}

/** The value gives way first, then the headers it came with, then the key. */
function cut(
  key: Buffer | null,
  value: Buffer | null,
  original: RecordHeaders,
  ours: readonly HeaderEntry[],
  maxBytes: number,
): DeadLetter {
  const said: string[] = []
  const need = recordSize(null, null, recordHeaders([...ours])) + 200
  let room = Math.max(0, maxBytes - need)
  const shortKey = shorten('key', key, room, said)
  room -= shortKey?.length ?? 0
  const keepsHeaders = headersSize(original) <= room
  if (keepsHeaders) room -= headersSize(original)
  else said.push('headers')
  const shortValue = shorten('value', value, room, said)
  const truncated: HeaderEntry = [`${OURS}truncated`, Buffer.from(said.join(','))]
  const headers = recordHeaders([...(keepsHeaders ? original : EMPTY_HEADERS), ...ours, truncated])
  return { key: shortKey, value: shortValue, headers }
}

/** Says `value=2097152`: which side was cut, and how many bytes it had. */
function shorten(side: string, bytes: Buffer | null, room: number, said: string[]): Buffer | null {
  if (bytes === null || bytes.length <= room) return bytes
  said.push(`${side}=${bytes.length}`)
  return bytes.subarray(0, room)
}

function errorHeaders({ error, taskId, timestamp }: DeadLetterOptions): HeaderEntry[] {
  const { recordMetadata, cause } = error
  const texts: (readonly [name: string, text: string | undefined])[] = [
    [`${JAVA}exception`, nameOf(cause) ?? error.name],
    [`${JAVA}message`, messageOf(error).slice(0, MESSAGE_LIMIT)],
    [`${JAVA}topic`, recordMetadata?.topic],
    [`${JAVA}partition`, recordMetadata?.partition.toString()],
    [`${JAVA}offset`, recordMetadata?.offset.toString()],
    [`${OURS}code`, error.code],
    [`${OURS}phase`, error.phase],
    [`${OURS}node`, error.node],
    [`${OURS}task`, taskId],
    [`${OURS}timestamp`, timestamp?.toString()],
  ]
  const headers: HeaderEntry[] = []
  for (const [name, text] of texts) if (text !== undefined) headers.push([name, Buffer.from(text)])
  return headers
}

function nameOf(cause: unknown): string | undefined {
  const named = typeof cause === 'object' && cause !== null && 'name' in cause
  return named ? String(cause.name) : undefined
}
