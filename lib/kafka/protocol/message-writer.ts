/**
 * Writes messages by their tables. Record batches become pieces of their own, so that the socket
 * gets them without a copy.
 */
import { writeInt64 } from '../../core/bytes.ts'
import { FatalError } from '../../core/errors.ts'
import type { Field, ScalarName } from './message-table.ts'
import { layoutOf } from './message-table.ts'

/** Shorter records are copied: a piece costs more than that. */
const OWN_PIECE_BYTES = 2048

type Struct = Readonly<Record<string, unknown>>

export class MessageWriter {
  readonly #pieces: Buffer[] = []
  #buffer = Buffer.allocUnsafe(512)
  #at = 0

  /** Everything that was written, in order. */
  finish(): Buffer[] {
    this.#cut()
    return this.#pieces
  }

  struct(fields: readonly Field[], version: number, flexible: boolean, value: Struct): void {
    const layout = layoutOf(fields, version, flexible)
    for (const field of layout.fields) this.#field(field, version, flexible, fieldOf(field, value))
    if (flexible) this.#tagged(layout.tagged, version, value)
  }

  uvarint(value: number): void {
    this.#reserve(5)
    let rest = value >>> 0
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#buffer[this.#at++] = rest
  }

  #tagged(fields: readonly Field[], version: number, value: Struct): void {
    const present = fields.filter((field) => {
      const given = fieldOf(field, value)
      return given !== (field.default ?? null) && !(Array.isArray(given) && given.length === 0)
    })
    this.uvarint(present.length)
    for (const field of present) {
      const inner = new MessageWriter()
      inner.#field(field, version, true, fieldOf(field, value))
      const bytes = Buffer.concat(inner.finish())
      this.uvarint(field.tag ?? 0)
      this.uvarint(bytes.length)
      this.#raw(bytes)
    }
  }

  #field(field: Field, version: number, flexible: boolean, value: unknown): void {
    if (value === null && (field.nullable === undefined || version < field.nullable))
      throw new FatalError('INTERNAL', `${field.name} is null, which version ${version} cannot say`)
    if (field.type === 'array') this.#array(field, version, flexible, value)
    else if (field.type === 'struct') this.#nested(field, version, flexible, value)
    else this.#scalar(field.type, flexible, value)
  }

  #array(field: Field, version: number, flexible: boolean, value: unknown): void {
    if (value === null) {
      this.#length(-1, flexible, 4)
      return
    }
    const list = value as readonly unknown[]
    this.#length(list.length, flexible, 4)
    for (const item of list)
      if (typeof field.of === 'string') this.#scalar(field.of, flexible, item)
      else this.struct(field.of ?? [], version, flexible, item as Struct)
  }

  #nested(field: Field, version: number, flexible: boolean, value: unknown): void {
    if (field.nullable !== undefined) {
      this.#reserve(1)
      this.#buffer.writeInt8(value === null ? -1 : 1, this.#at++)
    }
    if (value !== null && typeof field.of !== 'string')
      this.struct(field.of ?? [], version, flexible, value as Struct)
  }

  #scalar(type: ScalarName, flexible: boolean, value: unknown): void {
    switch (type) {
      case 'string':
        this.#bytes(value === null ? null : Buffer.from(String(value)), flexible, 2)
        break
      case 'bytes':
      case 'records':
        this.#bytes(value as Buffer | null, flexible, 4)
        break
      case 'uuid':
        this.#raw(Buffer.from(String(value), 'hex'))
        break
      default:
        this.#number(type, Number(value))
    }
  }

  #number(type: ScalarName, value: number): void {
    this.#reserve(8)
    switch (type) {
      case 'bool':
      case 'int8':
        this.#at = this.#buffer.writeInt8(value, this.#at)
        break
      case 'int16':
        this.#at = this.#buffer.writeInt16BE(value, this.#at)
        break
      case 'uint16':
        this.#at = this.#buffer.writeUInt16BE(value, this.#at)
        break
      case 'int32':
        this.#at = this.#buffer.writeInt32BE(value, this.#at)
        break
      case 'float64':
        this.#at = this.#buffer.writeDoubleBE(value, this.#at)
        break
      default:
        writeInt64(this.#buffer, value, this.#at)
        this.#at += 8
    }
  }

  #bytes(value: Buffer | null, flexible: boolean, lengthBytes: 2 | 4): void {
    this.#length(value === null ? -1 : value.length, flexible, lengthBytes)
    if (value === null) return
    if (value.length < OWN_PIECE_BYTES) this.#raw(value)
    else {
      this.#cut()
      this.#pieces.push(value)
    }
  }

  /** Compact lengths are one more than they say, so that 0 is null. */
  #length(length: number, flexible: boolean, lengthBytes: 2 | 4): void {
    if (flexible) this.uvarint(length + 1)
    else this.#number(lengthBytes === 2 ? 'int16' : 'int32', length)
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  #cut(): void {
    if (this.#at > 0) this.#pieces.push(this.#buffer.subarray(0, this.#at))
    this.#buffer = Buffer.allocUnsafe(256)
    this.#at = 0
  }
}

function fieldOf(field: Field, struct: Struct): unknown {
  const value = struct[field.name]
  if (value !== undefined) return value
  if (field.default !== undefined) return field.default
  throw new FatalError('INTERNAL', `a message lacks its field ${field.name}`)
}
