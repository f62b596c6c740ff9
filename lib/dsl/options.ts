/**
 * The option shapes that operators share. `key` and `value` are always serdes, `name` names the
 * node and its internal topic, `store` the state.
 */
import type { Duration } from '../core/duration.ts'
import type { HeadersInput } from '../core/headers.ts'
import type { Live, RecordContext } from '../core/record.ts'
import type { Serializer } from '../core/serde.ts'
import type { Lack } from '../core/serde-options.ts'
import type { StoreOptions } from '../state/stores.ts'

/** A callback that returns a promise where the record path is synchronous. */
export type Sync<R> =
  R extends PromiseLike<unknown> ? 'this callback must not be async: use forEach or process' : R

/**
 * A callback whose result must be what the serde beside it takes. The condition is always true; it
 * makes TypeScript settle `R` from the serde before it reads the callback, so that `'paid'` stays
 * `'paid'` and a mistake is reported at the expression that made it.
 */
export type Making<R, F> = [R] extends [never] ? never : F

/** Callbacks take the value first, as JavaScript's own `Map.forEach` does. */
export type Callback<in V, in K, out R> = (value: V, key: K, context: RecordContext) => R

export interface NameOptions {
  readonly name?: string
}

/** Partitions of the topic in between, if one is needed; `internalTopics.partitions` unless said. */
export interface PartitionsOption {
  readonly partitions?: number
}

/** A store's name alone, or with where it lives and how long it keeps. */
export interface StoreOption {
  readonly store?: string | StoreOptions
}

/**
 * Which partition; several for a multicast, none to drop. `undefined`: by the key's bytes, Kafka's
 * murmur2. Without a partitioner `to` leaves the window of a windowed key out of them.
 */
export type Partitioner<in K, in V> = (
  value: V,
  key: K,
  partitions: number,
) => number | readonly number[] | undefined

/** Chooses the topic per record; the topic must exist. */
export type TopicChooser<in K, in V> = Callback<V, K, string>

export interface ProduceOptions<in K, in V> {
  readonly partition?: Partitioner<K, V>
  /** Replaces the record's headers; without it they pass through. */
  readonly headers?: Callback<V, K, HeadersInput>
  readonly timestamp?: Callback<V, K, number>
  readonly name?: string
}

/** Serializers that the stream already has may be left out, those that it lacks may not. */
export type ToOptions<K, V, L extends Lack> = ProduceOptions<K, V> &
  ('no key serde' extends L
    ? { readonly key: Serializer<Live<K>> }
    : { readonly key?: Serializer<Live<K>> }) &
  ('no value serde' extends L
    ? { readonly value: Serializer<Live<V>> }
    : { readonly value?: Serializer<Live<V>> })

export interface RepartitionOptions<in K, in V> extends NameOptions, PartitionsOption {
  readonly partition?: Partitioner<K, V>
}

/** Repeats are looked for among records with the same key, so partition counts never matter. */
export interface DropDuplicatesOptions<in V, in K>
  extends StoreOption,
    NameOptions,
    PartitionsOption {
  readonly id: Callback<V, K, DuplicateId>
  /** How far back, in stream time; kept in the store for as long. */
  readonly within: Duration
}

/** Anything with an equality of its own; several columns as an array. */
export type DuplicateId = string | number | bigint | boolean | Uint8Array | readonly DuplicateId[]

/** What `dropDuplicates`, which looks among records of one key, says of a stream without keys. */
export type NeedsKey = 'the key may be null: selectKey first'

type Guard<V, U extends V> = (value: V, ...rest: never) => value is U

/** What a branch lets through: a type guard narrows it. */
export type BranchValue<F, V> = F extends Guard<V, infer U> ? U : V
