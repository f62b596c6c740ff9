/** Tells keys apart in a Map as their bytes would: what is a key of a store is bytes. */
import { asBuffer, mapKey } from '../../core/bytes.ts'
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { Serializer } from '../../core/serde.ts'

/** The bytes of a key, as the store orders them. */
export function keyBytes(serde: Serializer<never>, topic: string, key: unknown): Buffer {
  return asBuffer(serde.serialize(key as never, { topic, part: 'key', headers: EMPTY_HEADERS }))
}

/** Equal for keys of equal bytes. Text and integers stand for themselves: no bytes are made. */
export function keyIdentity(serde: Serializer<never>, topic: string, key: unknown): unknown {
  if (typeof key === 'string' || typeof key === 'bigint') return key
  if (typeof key === 'number' && !Object.is(key, -0)) return key
  return BYTES + mapKey(keyBytes(serde, topic, key))
}

/** A text that is itself a key of the same serde does not meet one of these. */
const BYTES = '\0bytes:'
