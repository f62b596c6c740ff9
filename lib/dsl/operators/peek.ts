/** Lets user code look at each record as it passes. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** The action's result is ignored. */
export function peek(action: ErasedCallback<unknown>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      action(value as never, key as never, context.callbackContext(timestamp, headers))
      context.forward(key, value, timestamp, headers)
    },
  })
}
