/** How a record changes an aggregate, and how two aggregates become one: count, reduce, aggregate. */

/** `undefined`: there is no aggregate yet. A result of null deletes the row. */
export type Fold = (aggregate: unknown, value: unknown, key: unknown) => unknown

/** Of two aggregates of the same key; may change either of them. */
export type Merge = (left: unknown, right: unknown, key: unknown) => unknown

/** Records, each one more. */
export const countFold: Fold = (aggregate) =>
  aggregate === undefined ? 1 : (aggregate as number) + 1

/** Of two counts. */
export const countMerge: Merge = (left, right) => (left as number) + (right as number)

/** The first value is taken as it is. */
export function reduceFold(reducer: (aggregate: never, value: never, key: never) => unknown): Fold {
  return (aggregate, value, key) =>
    aggregate === undefined ? value : reducer(aggregate as never, value as never, key as never)
}

/** The initializer is called for each row that is not there. */
export function aggregateFold(
  initializer: () => unknown,
  aggregator: (aggregate: never, value: never, key: never) => unknown,
): Fold {
  return (aggregate, value, key) =>
    aggregator(
      (aggregate === undefined ? initializer() : aggregate) as never,
      value as never,
      key as never,
    )
}

/** A reducer that is associative and commutative merges as it folds; so does a user's `merge`. */
export function mergeBy(merge: (left: never, right: never, key: never) => unknown): Merge {
  return (left, right, key) => merge(left as never, right as never, key as never)
}
