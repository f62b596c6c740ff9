/**
 * Bytes as they are. Both ways copy: a slice of a fetched batch would keep the whole batch alive,
 * and bytes that the user goes on writing to must not change a row.
 */
import type { Deserializer, Serializer } from '../serde.ts'
import { unencodable } from './serde-error.ts'

/** `serdes.bytes`. */
export const bytesSerde: Serializer<Uint8Array> &
  Deserializer<Buffer> & { readonly format: 'bytes' } = {
  format: 'bytes',
  serialize: (value, context) => {
    if (!(value instanceof Uint8Array))
      throw unencodable(context, `is of type ${typeof value}, not a Uint8Array`)
    return Buffer.from(value)
  },
  deserialize: (data) => Buffer.from(data),
}
