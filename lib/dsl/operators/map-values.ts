/** One value to one value under the same key. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** What the mapper returns is the record's new value. */
export function mapValues(mapper: ErasedCallback<unknown>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const made = mapper(value as never, key as never, context.callbackContext(timestamp, headers))
      context.forward(key, made, timestamp, headers)
    },
  })
}
