/**
 * Null keys and tombstones in the type. The serde inside still never sees a null: the runtime asks
 * `admitsNull` and passes the null around it.
 */
import type { Serde } from '../serde.ts'
import { unencodable } from './serde-error.ts'
import { windowTail, withWindowTail } from './windowed.ts'

// A symbol of the registry, so that two copies of the package understand each other.
const NULLABLE = Symbol.for('millrace.nullable')

/** `serdes.nullable`. The bytes, and so the format, are those of the serde inside. */
export function nullable<T>(serde: Serde<T>): Serde<T | null> {
  const { prepare } = serde
  const made: Serde<T | null> & { readonly [NULLABLE]: true } = {
    ...serde,
    serialize: (value, context) => {
      if (value === null) throw unencodable(context, 'is null, which has no bytes here')
      return serde.serialize(value, context)
    },
    deserialize: (data, context) => serde.deserialize(data, context),
    ...(prepare === undefined ? {} : { prepare }),
    [NULLABLE]: true,
  }
  return withWindowTail(made, windowTail(serde))
}

/** Whether nulls pass around this serde. */
export function admitsNull(serde: object): boolean {
  return NULLABLE in serde
}
