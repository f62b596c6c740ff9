/**
 * A topic, or a stream, read as a table: the latest record of a key is its row. Latest is by offset,
 * as in Kafka Streams: a record with an older timestamp replaces the row all the same.
 */

import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { outletsOf } from './outlets.ts'
import { isNull } from './record-guard.ts'
import { keep } from './table-filter.ts'

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
        if (isNull(key)) return context.drop('null_key')
        const old = before ? store.get(key)?.value : undefined
        const now = value ?? undefined
        keep(store, key, now, timestamp)
        tell(key, { now, before: old }, timestamp, headers)
      },
    }
  }
}
