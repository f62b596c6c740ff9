/**
 * Between a store's values and its rows. What can be changed in place is encoded at `put`, so that
 * nothing aliases the store; numbers and booleans of built-in serdes stay as they are until they go to
 * the changelog or the disk, for an aggregate is most often written many times in a span.
 */
import { asBuffer, EMPTY, mapKey, ownChars, writeInt64 } from '../core/bytes.ts'
import { isStreamsError, messageOf, RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { SerdeContext } from '../core/serde.ts'
import { serdes } from '../core/serde.ts'
import { serdeCode } from '../core/serdes/serde-error.ts'
import type { TextForm } from '../core/serdes/text-form.ts'
import { textFormOf } from '../core/serdes/text-form.ts'
import type { Row } from './row.ts'
import { encodedRow, valueRow } from './row.ts'
import type { StoreSerde, StoreSpec } from './store-spec.ts'

/** Batch header, and a record's own lengths and deltas at their widest. */
const RECORD_OVERHEAD_BYTES = 92

export class RowCodec {
  readonly #store: string
  readonly #key: StoreSerde
  readonly #keyForm: TextForm | undefined
  readonly #value: StoreSerde | undefined
  readonly #form: TextForm | undefined
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  readonly #stays: (value: unknown) => boolean
  /** Its bytes and values might share memory with what it was given. */
  readonly #mayShare: boolean
  readonly #maxBytes: number
  #time = Number.NaN
  #timeOf: Buffer = EMPTY

  constructor(spec: StoreSpec, maxBytes: number) {
    const topic = spec.changelog?.topic ?? spec.name
    this.#store = spec.name
    this.#key = spec.key
    this.#keyForm = textFormOf(spec.key)
    this.#value = spec.value
    this.#form = textFormOf(spec.value)
    this.#keyContext = { topic, part: 'key', headers: EMPTY_HEADERS }
    this.#valueContext = { topic, part: 'value', headers: EMPTY_HEADERS }
    this.#stays = staysDecoded(spec.value)
    this.#mayShare = spec.value !== undefined && !keepsApart(spec.value)
    this.#maxBytes = maxBytes
  }

  /** Throws RecordError ENCODE_FAILED. */
  #keyChars(key: unknown): Buffer | string {
    try {
      if (key === null || key === undefined) throw new TypeError(`a key of a store is never ${key}`)
      const form = this.#keyForm
      if (form !== undefined) return form.write(key as never, this.#keyContext)
      return asBuffer(this.#key.serialize(key as never, this.#keyContext))
    } catch (thrown) {
      throw this.#failed('key', 'ENCODE_FAILED', thrown)
    }
  }

  /** The bytes of a key, one char each. Throws RecordError ENCODE_FAILED. */
  keyName(key: unknown): string {
    const chars = this.#keyChars(key)
    return typeof chars === 'string' ? chars : mapKey(chars)
  }

  /** `bytes` are the caller's own: what a serde gives may share them. */
  key(bytes: Buffer): unknown {
    try {
      return this.#key.deserialize(bytes, this.#keyContext)
    } catch (thrown) {
      throw this.#failed('key', 'DECODE_FAILED', thrown)
    }
  }

  /** Throws RecordError ENCODE_FAILED or VALUE_TOO_LARGE. */
  row(value: unknown, timestamp: number, keyLength: number): Row {
    if (this.#stays(value)) return valueRow(value, timestamp)
    const bytes = this.encode(value)
    const size = keyLength + bytes.length + RECORD_OVERHEAD_BYTES
    if (size <= this.#maxBytes) return encodedRow(bytes, timestamp)
    throw new RecordError(
      'VALUE_TOO_LARGE',
      `a row of store '${this.#store}' has ${size} bytes as a record, more than the ${this.#maxBytes} that its changelog takes: make the value smaller, or raise max.message.bytes of the topic`,
      { phase: 'process', node: this.#store },
    )
  }

  /** Of a row that was not deleted; a row of a store without values has a time. */
  bytes({ bytes, value }: Row): Buffer | string {
    if (bytes !== undefined && bytes !== null) return bytes
    return this.#value === undefined ? this.#timeBytes(Number(value)) : this.encode(value)
  }

  /** Most often that of the row before. */
  #timeBytes(time: number): Buffer {
    if (time !== this.#time) {
      this.#time = time
      this.#timeOf = Buffer.allocUnsafe(8)
      writeInt64(this.#timeOf, time, 0)
    }
    return this.#timeOf
  }

  /** Bytes of its own, never those of the value. */
  encode(value: unknown): Buffer | string {
    if (this.#value === undefined) throw this.#failed('value', 'ENCODE_FAILED', 'it has no values')
    try {
      if (value === null || value === undefined)
        throw new TypeError(`it is ${value}: delete the row`)
      if (this.#form !== undefined) return this.#written(this.#form, value)
      const bytes = asBuffer(this.#value.serialize(value as never, this.#valueContext))
      return this.#mayShare ? Buffer.from(bytes) : bytes
    } catch (thrown) {
      throw this.#failed('value', 'ENCODE_FAILED', thrown)
    }
  }

  /** A value of the caller's own. */
  value(row: Row): unknown {
    if (row.value !== undefined) return row.value
    const { bytes } = row
    if (bytes === undefined || bytes === null || this.#value === undefined) return undefined
    try {
      if (typeof bytes === 'string') return this.#form?.read(bytes, this.#valueContext)
      const own = this.#mayShare ? Buffer.from(bytes) : bytes
      return this.#value.deserialize(own, this.#valueContext)
    } catch (thrown) {
      throw this.#failed('value', 'DECODE_FAILED', thrown)
    }
  }

  #written(form: TextForm, value: unknown): Buffer | string {
    const chars = form.write(value as never, this.#valueContext)
    // The text itself may be a part of a longer one, which would stay alive with the row.
    return typeof chars === 'string' && chars === value ? ownChars(chars) : chars
  }

  #failed(part: string, otherwise: 'ENCODE_FAILED' | 'DECODE_FAILED', thrown: unknown): unknown {
    if (isStreamsError(thrown)) return thrown
    return new RecordError(
      serdeCode(thrown, otherwise),
      `the ${part} of a row of store '${this.#store}': ${messageOf(thrown)}`,
      { phase: 'process', node: this.#store, cause: thrown },
    )
  }
}

/** Serdes that make new memory of what they get, both ways. A user's may hand out a part of it. */
function keepsApart(serde: StoreSerde): boolean {
  return serde.format === 'json' || PRIMITIVES.has(serde)
}

const PRIMITIVES: ReadonlySet<StoreSerde> = new Set<StoreSerde>([
  serdes.string,
  serdes.long,
  serdes.bigint,
  serdes.int,
  serdes.double,
  serdes.boolean,
  serdes.uuid,
])

/** Immutable values that the serde is known to take: they need not be encoded to be checked. */
function staysDecoded(serde: StoreSerde | undefined): (value: unknown) => boolean {
  if (serde === serdes.long) return Number.isSafeInteger
  if (serde === serdes.double) return (value) => typeof value === 'number'
  if (serde === serdes.int) return (value) => typeof value === 'number' && (value | 0) === value
  if (serde === serdes.boolean) return (value) => typeof value === 'boolean'
  return () => false
}
