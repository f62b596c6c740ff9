/**
 * One side of an inner join of two streams: keeps its records in a buffer of its own and meets those
 * of the other side within the window. Two nodes make a join, one per side.
 *
 * A buffer keeps its records before + after + grace behind the newest of them (number `t`), as Kafka
 * Streams does: what is older is neither kept nor met, and a record too old to be kept still meets
 * what is there.
 */
import type { InnerJoinBuffer } from '../../state/inner-stores.ts'
import type { OperatorContext, OperatorSupplier } from '../../topology/operator.ts'
import { dropsNull, operatorTime } from './record-guard.ts'

export interface StreamJoinSideOptions {
  readonly side: 'left' | 'right'
  /** Names of the buffers. */
  readonly own: string
  readonly other: string
  /** How far the right record may lie before and after the left one. */
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
  readonly joiner: (left: never, right: never, key: never) => unknown
}

/** Since when a buffer's rows count. By buffer, for the two sides are nodes of their own. */
const SINCE = new WeakMap<object, () => number>()

/** Numbers: `t`. Null keys and null values are dropped and counted. */
export function streamJoinSide(options: StreamJoinSideOptions): OperatorSupplier {
  const { joiner, beforeMs, afterMs } = options
  const left = options.side === 'left'
  // Seen from the left: the right record lies in [t - before, t + after]; from the right mirrored.
  const backMs = left ? beforeMs : afterMs
  const forthMs = left ? afterMs : beforeMs
  // At least 1: records of one time must meet even where nothing else may (Kafka Streams loses them).
  const keptMs = Math.max(1, beforeMs + afterMs + options.graceMs)
  return (context) => {
    const own = context.store<InnerJoinBuffer<unknown, unknown>>(options.own)
    const other = context.store<InnerJoinBuffer<unknown, unknown>>(options.other)
    const since = () => oldestKept(context, keptMs)
    SINCE.set(own, since)
    let expired = 0
    return {
      process(key, value, timestamp, headers) {
        if (dropsNull(context, key, value)) return
        operatorTime(context, timestamp)
        const oldest = since()
        if (timestamp >= oldest) own.put(key, value, timestamp)
        else context.drop('expired', oldest - timestamp)
        const from = Math.max(timestamp - backMs, SINCE.get(other)?.() ?? 0)
        other.visit(key, from, timestamp + forthMs, (met, at) => {
          const made = left
            ? joiner(value as never, met as never, key as never)
            : joiner(met as never, value as never, key as never)
          context.forward(key, made, Math.max(timestamp, at), headers)
        })
      },
      beforeCommit() {
        const bound = since()
        if (bound <= expired) return
        expired = bound
        own.expireBefore(bound)
      },
    }
  }
}

function oldestKept(context: OperatorContext, keptMs: number): number {
  return Math.max(0, (context.number('t') ?? -1) - keptMs + 1)
}
