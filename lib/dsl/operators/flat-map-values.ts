/** One value to any number of values under the same key. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** Each value that the mapper returns is a record of its own, in its order. */
export function flatMapValues(mapper: ErasedCallback<Iterable<unknown>>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const made = mapper(value as never, key as never, context.callbackContext(timestamp, headers))
      for (const one of made) context.forward(key, one, timestamp, headers)
    },
  })
}
