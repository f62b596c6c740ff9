/**
 * Reads messages by their tables. Every length is checked against the bytes that are there before
 * anything is made of it, so that hostile ones cost an error and no memory.
 */
import { readInt64 } from '../../core/bytes.ts'
import type { Field, ScalarName } from './message-table.ts'
import { layoutOf } from './message-table.ts'
import { ProtocolError } from './protocol-error.ts'

export type Struct = Record<string, unknown>

const MAX_UVARINT_BITS = 28

export class MessageReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  get position(): number {
    return this.#at
  }

  struct(fields: readonly Field[], version: number, flexible: boolean): Struct {
    const layout = layoutOf(fields, version, flexible)
    const struct: Struct = {}
    if (layout.fields.length < fields.length)
      for (const field of fields) struct[field.name] = absent(field)
    for (const field of layout.fields) struct[field.name] = this.#field(field, version, flexible)
    if (flexible) this.#tagged(layout.tagged, version, struct)
    return struct
  }

  /** Reads over a tag section whose tags nobody knows. */
  skipTags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint()
      this.#take(this.uvarint())
    }
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift <= MAX_UVARINT_BITS; shift += 7) {
      const byte = this.#bytes[this.#take(1)] ?? 0
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
    throw new ProtocolError('a varint is longer than five bytes')
  }

  #tagged(fields: readonly Field[], version: number, struct: Struct): void {
    for (let count = this.uvarint(); count > 0; count--) {
      const tag = this.uvarint()
      const length = this.uvarint()
      const at = this.#take(length)
      const field = fields.find((one) => one.tag === tag)
      if (field === undefined) continue
      const inner = new MessageReader(this.#bytes.subarray(at, at + length))
      struct[field.name] = inner.#field(field, version, true)
    }
  }

  #field(field: Field, version: number, flexible: boolean): unknown {
    if (field.type === 'array') return this.#array(field, version, flexible)
    if (field.type !== 'struct') return this.#scalar(field.type, flexible)
    if (field.nullable !== undefined && this.#bytes.readInt8(this.#take(1)) < 0) return null
    return this.struct(typeof field.of === 'string' ? [] : (field.of ?? []), version, flexible)
  }

  #array(field: Field, version: number, flexible: boolean): unknown[] | null {
    const length = this.#length(flexible, 4)
    if (length < 0) return field.nullable === undefined ? [] : null
    // Every element takes a byte at least.
    if (length > this.left)
      throw new ProtocolError(`${field.name} has ${length} elements, too many`)
    const list: unknown[] = []
    for (let index = 0; index < length; index++)
      list.push(
        typeof field.of === 'string'
          ? this.#scalar(field.of, flexible)
          : this.struct(field.of ?? [], version, flexible),
      )
    return list
  }

  #scalar(type: ScalarName, flexible: boolean): unknown {
    switch (type) {
      case 'bool':
        return this.#bytes[this.#take(1)] !== 0
      case 'int8':
        return this.#bytes.readInt8(this.#take(1))
      case 'int16':
        return this.#bytes.readInt16BE(this.#take(2))
      case 'uint16':
        return this.#bytes.readUInt16BE(this.#take(2))
      case 'int32':
        return this.#bytes.readInt32BE(this.#take(4))
      case 'int64':
        return readInt64(this.#bytes, this.#take(8))
      case 'float64':
        return this.#bytes.readDoubleBE(this.#take(8))
      case 'uuid':
        return this.#slice(16).toString('hex')
      case 'string':
        return this.#text(this.#length(flexible, 2))
      default:
        return this.#data(this.#length(flexible, 4))
    }
  }

  #text(length: number): string | null {
    return length < 0 ? null : this.#slice(length).toString('utf8')
  }

  #data(length: number): Buffer | null {
    return length < 0 ? null : this.#slice(length)
  }

  #slice(length: number): Buffer {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #length(flexible: boolean, lengthBytes: 2 | 4): number {
    if (flexible) return this.uvarint() - 1
    const at = this.#take(lengthBytes)
    return lengthBytes === 2 ? this.#bytes.readInt16BE(at) : this.#bytes.readInt32BE(at)
  }

  /** Moves on; gives where it was. */
  #take(length: number): number {
    if (length > this.left)
      throw new ProtocolError(`a message ends ${length - this.left} bytes too early`)
    const at = this.#at
    this.#at += length
    return at
  }
}

/** What a field is in a version that does not have it. */
function absent(field: Field): unknown {
  if (field.default !== undefined) return Array.isArray(field.default) ? [] : field.default
  if (field.nullable !== undefined) return null
  switch (field.type) {
    case 'array':
      return []
    case 'struct':
      return null
    case 'string':
      return ''
    case 'uuid':
      return '0'.repeat(32)
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    case 'bool':
      return false
    default:
      return 0
  }
}
