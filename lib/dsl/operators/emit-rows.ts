/**
 * The view of a table with plain keys that tells what changed once per commit: each row as it stands
 * then, in the order in which the rows first changed. It is always told in the span that changed it,
 * so nothing is owed behind a commit, and memory is enough.
 */
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import type { Change, OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { keyIdentity } from './key-identity.ts'
import { outletsOf } from './outlets.ts'

export interface EmitRowsOptions {
  /** The table's. */
  readonly store: string
  readonly key: ErasedSerde
  readonly demand: Demand
}

interface DirtyRow {
  readonly key: unknown
  /** What was there when it first changed. */
  readonly before: unknown
  timestamp: number
  deleted: boolean
}

/** An addressed child of its table. */
export function emitRows(options: EmitRowsOptions): OperatorSupplier {
  return (context) => {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(options.store)
    const tell = outletsOf(context, options.demand)
    const dirty = new Map<unknown, DirtyRow>()
    return {
      process(key, value, timestamp) {
        const { now, before } = value as Change<unknown>
        const identity = keyIdentity(options.key, options.store, key)
        const row = dirty.get(identity)
        const deleted = now === undefined
        if (row === undefined) dirty.set(identity, { key, before, timestamp, deleted })
        else {
          row.timestamp = timestamp
          row.deleted = deleted
        }
      },
      beforeCommit() {
        const rows = [...dirty.values()]
        dirty.clear()
        for (const { key, before, timestamp, deleted } of rows) {
          const row = store.get(key)
          // Neither there nor deleted: the record that wrote it failed, and left nothing.
          if (row !== undefined) tell(key, { now: row.value, before }, row.timestamp, EMPTY_HEADERS)
          else if (deleted) tell(key, { now: undefined, before }, timestamp, EMPTY_HEADERS)
        }
      },
    }
  }
}
