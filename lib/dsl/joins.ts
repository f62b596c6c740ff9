/**
 * Joins. The result's serde is always named: two inputs make a third type, and the joiner is
 * checked against it. A side that is not there is `undefined`.
 */
import type { Duration } from '../core/duration.ts'
import type { Live } from '../core/record.ts'
import type { ValueOption } from '../core/serde-options.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import type { NameOptions, PartitionsOption, StoreOption } from './options.ts'

/**
 * What has a key to join on. Compared by key type alone, so that joining a stream by user with a
 * table by order says `'OrderId' is not assignable to 'UserId'` and nothing else. The second member
 * makes the comparison exact: a `UserId` is a string, but a key of one is no key of the other.
 */
export abstract class Keyed<in out K> {
  declare protected readonly key: K
  declare protected readonly sameKey: (key: K) => void
}

/** What the joiner sees of the other side. */
export type SideOf<T> =
  T extends KTable<infer _K, infer V, infer _G>
    ? V
    : T extends KStream<infer _K, infer V, infer _L>
      ? Live<V>
      : never

/** Two streams: both sides are kept for the window plus grace. */
export interface StreamJoinOptions<in out R> extends ValueOption<R>, NameOptions, PartitionsOption {
  /** How far apart, either way; or how far the right record may lie before and after the left. */
  readonly within: Duration | { readonly before: Duration; readonly after: Duration }
  readonly grace?: Duration
  /** Store options for each side's buffer. */
  readonly left?: StoreOption
  readonly right?: StoreOption
}

/** A stream and a table. */
export interface TableJoinOptions<in out R> extends ValueOption<R>, NameOptions, PartitionsOption {}

/** The options that fit the other side. */
export type JoinOptions<T, R> =
  T extends KStream<infer _K, infer _V, infer L>
    ? [L] extends [never]
      ? StreamJoinOptions<R>
      : `the other stream has ${L}`
    : TableJoinOptions<R>

/** Of two streams there is the inner join. */
export type LeftJoinOptions<T, R> =
  T extends KStream<infer _K, infer _V, infer _L>
    ? 'leftJoin takes a table: two streams have join'
    : TableJoinOptions<R>
