/** A stream looks up the table's row of its key, as it is when the record comes. */
import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { isNull } from './record-guard.ts'

export interface StreamTableJoinOptions {
  /** The table's. */
  readonly store: string
  readonly joiner: (left: never, right: never, key: never) => unknown
  /** `left`: records without a row, or without a key, are joined with undefined. */
  readonly kind: 'inner' | 'left'
}

/** A null value is dropped and counted; under `inner` a null key too. */
export function streamTableJoin(options: StreamTableJoinOptions): OperatorSupplier {
  const { joiner } = options
  const inner = options.kind === 'inner'
  return (context) => {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(options.store)
    return {
      process(key, value, timestamp, headers) {
        const keyless = isNull(key)
        if (keyless && inner) return context.drop('null_key')
        if (isNull(value)) return context.drop('null_value')
        const row = keyless ? undefined : store.get(key)
        if (row === undefined && inner) return
        const made = joiner(value as never, row?.value as never, key as never)
        context.forward(key, made, timestamp, headers)
      },
    }
  }
}
