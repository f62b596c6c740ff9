/** Numbers and booleans in Java's formats, big endian. Nothing is rounded or cut in silence. */
import { readInt64, writeInt64 } from '../bytes.ts'
import type { Serde, SerdeContext } from '../serde.ts'
import { undecodable, unencodable, unsafeInteger } from './serde-error.ts'

const INT_MAX = 0x7fff_ffff
const LONG_MAX = 0x7fff_ffff_ffff_ffffn

function expectLength(data: Buffer, length: number, type: string, context: SerdeContext): void {
  if (data.length !== length)
    throw undecodable(context, `has ${data.length} bytes where ${type} has ${length}`)
}

/** `serdes.boolean`: one byte, 00 or 01. */
export const booleanSerde: Serde<boolean> = {
  format: 'boolean',
  serialize: (value, context) => {
    if (typeof value !== 'boolean')
      throw unencodable(context, `is of type ${typeof value}, not a boolean`)
    return Buffer.of(value ? 1 : 0)
  },
  deserialize: (data, context) => {
    expectLength(data, 1, 'a boolean', context)
    const byte = data[0]
    if (byte !== 0 && byte !== 1) throw undecodable(context, `is the byte ${byte}, no boolean`)
    return byte === 1
  },
}

/** `serdes.int`: 32 bits. */
export const intSerde: Serde<number> = {
  format: 'int',
  serialize: (value, context) => {
    if (!Number.isInteger(value) || value > INT_MAX || value < -INT_MAX - 1)
      throw unencodable(context, `is ${value}, no 32-bit integer: use serdes.long or serdes.double`)
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value, 0)
    return bytes
  },
  deserialize: (data, context) => {
    expectLength(data, 4, 'an int', context)
    return data.readInt32BE(0)
  },
}

/** `serdes.long`: 64 bits as a number, within ±2^53. */
export const longSerde: Serde<number> = {
  format: 'long',
  serialize: (value, context) => {
    if (!Number.isSafeInteger(value))
      throw unencodable(context, `is ${value}, no integer within ±2^53: use serdes.bigint`)
    const bytes = Buffer.allocUnsafe(8)
    writeInt64(bytes, value, 0)
    return bytes
  },
  deserialize: (data, context) => {
    expectLength(data, 8, 'a long', context)
    const value = readInt64(data, 0)
    if (Number.isSafeInteger(value)) return value
    throw unsafeInteger(context, `${data.readBigInt64BE(0)}`, 'use serdes.bigint')
  },
}

/** `serdes.bigint`: 64 bits as a bigint. */
export const bigintSerde: Serde<bigint> = {
  format: 'long',
  serialize: (value, context) => {
    if (typeof value !== 'bigint' || value > LONG_MAX || value < -LONG_MAX - 1n)
      throw unencodable(context, `is ${value}, no bigint of 64 bits`)
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(value, 0)
    return bytes
  },
  deserialize: (data, context) => {
    expectLength(data, 8, 'a long', context)
    return data.readBigInt64BE(0)
  },
}

/** `serdes.double`. */
export const doubleSerde: Serde<number> = {
  format: 'double',
  serialize: (value, context) => {
    if (typeof value !== 'number')
      throw unencodable(context, `is of type ${typeof value}, not a number`)
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(value, 0)
    return bytes
  },
  deserialize: (data, context) => {
    expectLength(data, 8, 'a double', context)
    return data.readDoubleBE(0)
  },
}
