/** Sends each record to one of several children: the first that accepts it. */
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'

export interface Branch {
  /** The node that gets the records; it is an addressed child. */
  readonly child: string
  readonly accepts: ErasedCallback<boolean>
}

/** A record that no branch accepts ends here. */
export function split(branches: readonly Branch[]): OperatorSupplier {
  return (context) => {
    const outlets = branches.map((branch) => ({
      accepts: branch.accepts,
      forward: context.forwardTo(branch.child),
    }))
    return {
      process(key, value, timestamp, headers) {
        const callback = context.callbackContext(timestamp, headers)
        for (const outlet of outlets)
          if (outlet.accepts(value as never, key as never, callback))
            return outlet.forward(key, value, timestamp, headers)
      },
    }
  }
}
