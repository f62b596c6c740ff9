/** Where records go that come after their windows have closed: dropped and counted, or to a child. */
import type { RecordHeaders } from '../../core/headers.ts'
import type { OperatorContext } from '../../topology/operator.ts'

export type TellLate = (
  key: unknown,
  value: unknown,
  timestamp: number,
  headers: RecordHeaders,
  /** How long before the first window that is still open. */
  lateBy: number,
) => void

/** `child` is an addressed child; without one, what is late is counted with how far behind it was. */
export function lateOutlet(context: OperatorContext, child: string | undefined): TellLate {
  if (child === undefined)
    return (_key, _value, _timestamp, _headers, lateBy) => context.drop('late', lateBy)
  const forward = context.forwardTo(child)
  return (key, value, timestamp, headers) => forward(key, value, timestamp, headers)
}
