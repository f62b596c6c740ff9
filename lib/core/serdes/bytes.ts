/**
 * Bytes as they are. Reading copies: a slice of a fetched batch would keep the whole batch alive.
 * Writing does not: whoever keeps what a serializer gave copies it (stores, held outputs).
 */
import { asBuffer } from '../bytes.ts'
import type { Deserializer, Serializer } from '../serde.ts'
import { unencodable } from './serde-error.ts'

/** `serdes.bytes`. */
export const bytesSerde: Serializer<Uint8Array> &
  Deserializer<Buffer> & { readonly format: 'bytes' } = {
  format: 'bytes',
  serialize: (value, context) => {
    if (!(value instanceof Uint8Array))
      throw unencodable(context, `is of type ${typeof value}, not a Uint8Array`)
    return asBuffer(value)
  },
  deserialize: (data) => Buffer.from(data),
}
