/** Where the changes of a table go: to whoever hears each of them, and to its emission views. */
import type { RecordHeaders } from '../../core/headers.ts'
import type { Change, OperatorContext } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'

/** Hands a change to all of them. */
export type Tell = (
  key: unknown,
  change: Change<unknown>,
  timestamp: number,
  headers: RecordHeaders,
) => void

/** Decided once per task: with one reader, a change is one call. */
export function outletsOf(context: OperatorContext, demand: Demand): Tell {
  const views = demand.views.map((view) => context.forwardTo(view))
  const [only] = views
  if (only === undefined) return demand.updates ? context.forward : () => undefined
  if (!demand.updates && views.length === 1) return only
  return (key, change, timestamp, headers) => {
    if (demand.updates) context.forward(key, change, timestamp, headers)
    for (const view of views) view(key, change, timestamp, headers)
  }
}
