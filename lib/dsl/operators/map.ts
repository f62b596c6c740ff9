/** One record to one record, key included. */
import type { NewRecord } from '../../core/record.ts'
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { forwardNew } from './new-record.ts'

/** What the mapper returns goes on in the record's place. */
export function map(mapper: ErasedCallback<NewRecord<unknown, unknown>>): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const made = mapper(value as never, key as never, context.callbackContext(timestamp, headers))
      forwardNew(context, made, timestamp, headers)
    },
  })
}
