/**
 * Lets the first record of an id through and drops its repeats within the horizon, among records of
 * one key. An id is forgotten by stream time at its arrival; a record that is itself older than the
 * horizon passes, for it may be the first of its id.
 */
import type { InnerDedupStore } from '../../state/inner-stores.ts'
import type { ErasedCallback } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { idChars } from './duplicate-id.ts'
import { isNull, operatorTime } from './record-guard.ts'

export interface DropDuplicatesOptions {
  readonly store: string
  readonly id: ErasedCallback<unknown>
  readonly withinMs: number
}

/** Numbers: `t`. A null value has no id and passes; a null key is dropped and counted. */
export function dropDuplicates(options: DropDuplicatesOptions): OperatorSupplier {
  const { id, withinMs } = options
  return (context) => {
    const store = context.store<InnerDedupStore<unknown>>(options.store)
    return {
      process(key, value, timestamp, headers) {
        if (isNull(key)) return context.drop('null_key')
        if (isNull(value)) return context.forward(key, value, timestamp, headers)
        const time = operatorTime(context, timestamp)
        if (timestamp < time - withinMs) context.drop('expired', time - withinMs - timestamp)
        else {
          const callback = context.callbackContext(timestamp, headers)
          const chars = idChars(id(value as never, key as never, callback))
          if (!store.add(key, chars, time)) return context.drop('repeat')
        }
        context.forward(key, value, timestamp, headers)
      },
    }
  }
}
