/** One record to any number of records, keys included. */
import type { NewRecord } from '../../core/record.ts'
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { forwardNew } from './new-record.ts'

/** What the mapper returns goes on, in its order. */
export function flatMap(
  mapper: ErasedCallback<Iterable<NewRecord<unknown, unknown>>>,
): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const made = mapper(value as never, key as never, context.callbackContext(timestamp, headers))
      for (const record of made) forwardNew(context, record, timestamp, headers)
    },
  })
}
