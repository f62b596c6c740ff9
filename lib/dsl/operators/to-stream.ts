/** The changes of a table as records: the new value, null for a deleted row. */
import type { Change, OperatorSupplier } from '../../topology/operator.ts'

/** Timestamps and headers are those of the change. */
export function toStream(): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      const { now } = value as Change<unknown>
      context.forward(key, now === undefined ? null : now, timestamp, headers)
    },
  })
}
