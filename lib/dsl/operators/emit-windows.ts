/**
 * The view of a windowed table that tells what changed once per commit: each window as it stands
 * then; keys in the order in which they first changed, their windows by start.
 */
import type { ErasedSerde } from '../../topology/nodes.ts'
import type { OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { DirtyWindows } from './dirty-windows.ts'
import { keyIdentity } from './key-identity.ts'
import { outletsOf } from './outlets.ts'
import { tellStretch } from './stretch.ts'
import { lastStart, type WindowShape } from './window-shape.ts'
import { windowTableOf } from './window-table.ts'

export interface EmitWindowsOptions {
  /** The table's. */
  readonly store: string
  readonly shape: WindowShape
  /** Of the keys inside the windows. */
  readonly key: ErasedSerde
  readonly demand: Demand
}

/** An addressed child of its aggregate. */
export function emitWindows(options: EmitWindowsOptions): OperatorSupplier {
  const { shape } = options
  return (context) => {
    const store = context.store<object>(options.store)
    const tell = outletsOf(context, options.demand)
    const dirty = new DirtyWindows(shape.advanceMs)
    return {
      process(key, first, timestamp) {
        const from = first as number
        if (from < dirty.first) windowTableOf(store).hold(context.node, from)
        const identity = keyIdentity(options.key, options.store, key)
        dirty.add(identity, key, from, lastStart(shape, timestamp), timestamp)
      },
      beforeCommit() {
        const table = windowTableOf(store)
        dirty.take((key, from, to, timestamp) => tellStretch(tell, table, key, from, to, timestamp))
        table.release(context.node)
      },
    }
  }
}
