/** What grouping and joining ask of a record before they look at it, and the time that they keep. */
import type { OperatorContext } from '../../topology/operator.ts'

/** Kafka's null, or nothing at all. */
export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

/** True for a record without key or without value: it was counted and goes no further. */
export function dropsNull(context: OperatorContext, key: unknown, value: unknown): boolean {
  if (isNull(key)) {
    context.drop('null_key')
    return true
  }
  if (isNull(value)) {
    context.drop('null_value')
    return true
  }
  return false
}

/**
 * Operator time with this record: the highest timestamp that the operator has seen. It is number `t`,
 * never a field, so it goes back with a record that failed and comes back after a crash.
 */
export function operatorTime(context: OperatorContext, timestamp: number): number {
  const time = context.number('t')
  if (time !== undefined && time >= timestamp) return time
  context.setNumber('t', timestamp)
  return timestamp
}

/** The later of a row's timestamp and a record's: what the row has once the record is in it. */
export function laterOf(
  row: { readonly timestamp: number } | undefined,
  timestamp: number,
): number {
  return row === undefined || row.timestamp < timestamp ? timestamp : row.timestamp
}
