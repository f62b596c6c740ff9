/** Copies an aggregate, for user code may change what it is given. */
import { asBuffer } from '../../core/bytes.ts'
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'

export type Copy = (value: unknown) => unknown

/** Text and numbers are themselves; all else goes through its serde, as a store's rows do. */
export function copier(serde: ErasedSerde): Copy {
  const context = { topic: '', part: 'value' as const, headers: EMPTY_HEADERS }
  return (value) =>
    typeof value !== 'object' || value === null
      ? value
      : serde.deserialize(asBuffer(serde.serialize(value as never, context)), context)
}
