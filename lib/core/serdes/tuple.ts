/**
 * Compound keys: each part's bytes with 00 written as 00 FF, ended by 00 00. Compared as bytes,
 * tuples are ordered as their parts are.
 */
import { asBuffer } from '../bytes.ts'
import type { Serde, SerdeContext } from '../serde.ts'
import { undecodable, unencodable } from './serde-error.ts'

const END: Buffer = Buffer.of(0, 0)

/** `serdes.tuple`. */
export function tuple<T extends readonly unknown[]>(
  ...parts: { readonly [I in keyof T]: Serde<T[I]> }
): Serde<T> {
  const serdes: readonly Serde<unknown>[] = parts
  return {
    format: `tuple(${serdes.map(({ format }) => format).join(',')})`,
    serialize: (values, context) => {
      if (!Array.isArray(values) || values.length !== serdes.length)
        throw unencodable(context, `is not a tuple of ${serdes.length} parts`)
      return Buffer.concat(
        serdes.flatMap((serde, at) => {
          if (values[at] === null)
            throw unencodable(context, `has a null at ${at}: parts of a tuple are never null`)
          return [escapeZeros(asBuffer(serde.serialize(values[at], context))), END]
        }),
      )
    },
    deserialize: (data, context) => {
      const values = split(data, serdes.length, context).map((part, at) =>
        serdes[at]?.deserialize(part, context),
      )
      // Each part was read by the serde of its place.
      return values as unknown as T
    },
    ...preparation(serdes),
  }
}

function preparation(serdes: readonly Serde<unknown>[]): Pick<Serde<unknown>, 'prepare'> {
  if (serdes.every(({ prepare }) => prepare === undefined)) return {}
  return {
    prepare: (data, context) => {
      const waits = split(data, serdes.length, context)
        .map((part, at) => serdes[at]?.prepare?.(part, context))
        .filter((wait) => wait !== undefined)
      return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
    },
  }
}

function escapeZeros(part: Buffer): Buffer {
  let zeros = 0
  for (const byte of part) if (byte === 0) zeros += 1
  if (zeros === 0) return part
  const escaped = Buffer.allocUnsafe(part.length + zeros)
  let at = 0
  for (const byte of part) {
    escaped[at++] = byte
    if (byte === 0) escaped[at++] = 0xff
  }
  return escaped
}

/** The bytes of each part; exactly `count` of them, or the record cannot be decoded. */
function split(data: Buffer, count: number, context: SerdeContext): Buffer[] {
  const parts: Buffer[] = []
  let part = Buffer.allocUnsafe(data.length)
  let length = 0
  for (let at = 0; at < data.length; at++) {
    const byte = data[at] ?? 0
    if (byte !== 0) {
      part[length++] = byte
      continue
    }
    const next = data[++at]
    if (next === 0xff) part[length++] = 0
    else if (next === 0) {
      parts.push(part.subarray(0, length))
      part = part.subarray(length)
      length = 0
    } else throw undecodable(context, 'is not a tuple: a zero byte is neither escaped nor an end')
  }
  if (length > 0 || parts.length !== count)
    throw undecodable(context, `is not a tuple of ${count} parts`)
  return parts
}
