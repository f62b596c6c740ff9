/** Lets through the records that a predicate accepts, or those that it does not. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** Records that the predicate accepts go on. */
export function filter(predicate: ErasedCallback<boolean>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      if (predicate(value as never, key as never, context.callbackContext(timestamp, headers)))
        context.forward(key, value, timestamp, headers)
    },
  })
}

/** Records that the predicate accepts end here. */
export function filterNot(predicate: ErasedCallback<boolean>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      if (!predicate(value as never, key as never, context.callbackContext(timestamp, headers)))
        context.forward(key, value, timestamp, headers)
    },
  })
}
