/** Several streams as one: a node with several parents that changes nothing. */
import type { OperatorSupplier } from '../../topology/operator.ts'

/** Each record goes on as it came. */
export function merge(): OperatorSupplier {
  return (context) => ({
    process: (key, value, timestamp, headers) => context.forward(key, value, timestamp, headers),
  })
}
