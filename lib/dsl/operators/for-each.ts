/** The end of a stream in user code, which may be asynchronous: awaited one by one. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** The record is finished when the action's promise is. At-least-once by nature. */
export function forEach(action: ErasedCallback<unknown>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const done = action(value as never, key as never, context.callbackContext(timestamp, headers))
      if (isThenable(done)) context.defer(async () => void (await done))
    },
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
