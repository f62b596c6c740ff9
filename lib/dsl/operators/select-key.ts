/** A new key for the same value; and the key by which a stream is grouped, which cannot be null. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { isNull } from './record-guard.ts'

/** What the selector returns is the record's new key. */
export function selectKey(selector: ErasedCallback<unknown>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const made = selector(
        value as never,
        key as never,
        context.callbackContext(timestamp, headers),
      )
      context.forward(made, value, timestamp, headers)
    },
  })
}

/**
 * As `selectKey`, in front of an aggregate: records without a value, and those to which the selector
 * gives no key, are dropped and counted.
 */
export function groupKey(selector: ErasedCallback<unknown>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      if (isNull(value)) return context.drop('null_value')
      const made = selector(
        value as never,
        key as never,
        context.callbackContext(timestamp, headers),
      )
      if (isNull(made)) return context.drop('null_key')
      context.forward(made, value, timestamp, headers)
    },
  })
}

/** In front of a repartition topic whose reader needs keys: records without one are dropped. */
export function requireKey(): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      if (isNull(key)) return context.drop('null_key')
      context.forward(key, value, timestamp, headers)
    },
  })
}
