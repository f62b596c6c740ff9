/**
 * A topic, or a stream, read as a table: the latest record of a key is its row. Latest is by offset,
 * as in Kafka Streams: a record with an older timestamp replaces the row all the same.
 */
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { Demand } from './demand.ts'
import { outletsOf } from './outlets.ts'

export interface TableSourceOptions {
  readonly store: string
  readonly demand: Demand
}

/** A null value deletes the row; a null key is dropped and counted. */
export function tableSource({ store: name, demand }: TableSourceOptions): OperatorSupplier {
  return (context) => {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(name)
    const tell = outletsOf(context, demand)
    const { before } = demand
    return {
      process(key, value, timestamp, headers) {
        if (key === null || key === undefined) return context.drop('null_key')
        const old = before ? store.get(key)?.value : undefined
        if (value === null || value === undefined) {
          store.delete(key, timestamp)
          tell(key, { now: undefined, before: old }, timestamp, headers)
          return
        }
        store.put(key, value, timestamp)
        tell(key, { now: value, before: old }, timestamp, headers)
      },
    }
  }
}
