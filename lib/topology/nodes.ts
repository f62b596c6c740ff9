/**
 * A program as data: what `Topology` and the DSL build, and what the runtime compiles.
 *
 * 1. Names of internal topics are written without the application's prefix, which only the runtime
 *    knows; `internal` says which they are, and `internalTopic` of names.ts makes the whole name.
 * 2. `nodes` is in topological order: parents come before their children.
 * 3. Serdes and callbacks are erased to what is safe to hold; the types of the classes that build
 *    this guarantee that they fit. Calling one takes `as never`.
 * 4. Serdes never see null: null passes around them, or is NULL_KEY / NULL_VALUE as `nullKey` and
 *    `nullValue` of the source say. A side without a serde is bytes as they are.
 */
import type { ErrorPolicy } from '../core/errors.ts'
import type { HeadersInput } from '../core/headers.ts'
import type { StartPosition } from '../core/position.ts'
import type { ExtractContext, RecordContext } from '../core/record.ts'
import type { Deserializer, Serializer } from '../core/serde.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { OperatorSupplier } from './operator.ts'

/** Any serde: every `Serde<T>` is one. */
export interface ErasedSerde extends Serializer<never>, Deserializer<unknown> {
  readonly format: string
}

/** A callback whose types the builder has checked. */
export type ErasedCallback<R> = (value: never, key: never, context: RecordContext) => R

/** Which partition; several for a multicast, none to drop, `undefined` for murmur2 of the key. */
export type ErasedPartitioner = (
  value: never,
  key: never,
  partitions: number,
) => number | readonly number[] | undefined

/** Where records enter a sub-topology. */
export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  /** One or more names, or a pattern of names. */
  readonly topics: readonly string[] | RegExp
  /** A repartition topic of the topology's own: records may be purged behind commits. */
  readonly internal: boolean
  readonly key: ErasedSerde | undefined
  readonly value: ErasedSerde | undefined
  /** Null keys pass; else they are decode errors. Always true without a serde. */
  readonly nullKey: boolean
  readonly nullValue: boolean
  /** Event time; the record's own timestamp when left out. */
  readonly timestamp: ((value: never, key: never, context: ExtractContext) => number) | undefined
  /** Where to begin without a committed offset; `undefined`: earliest. */
  readonly start: StartPosition | undefined
  /** Replaces the decode policy of the options. */
  readonly decode: ErrorPolicy | undefined
}

/** What happens to records between source and sink. */
export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly parents: readonly string[]
  readonly supplier: OperatorSupplier
  /** Names of the stores that it opens. */
  readonly stores: readonly string[]
  /** Numbers that it commits, as its operator calls them: `t`, `w`, `m`, `u:NAME`. */
  readonly numbers: readonly string[]
  /** It receives only what its parent forwards to it by name, not what goes to all children. */
  readonly addressed: boolean
  /** It may defer work (user processors, `forEach`): the record path below it may be asynchronous. */
  readonly mayBeAsync: boolean
}

/** Where records leave a sub-topology. */
export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  readonly parents: readonly string[]
  /** A topic, or a function that chooses one per record. */
  readonly topic: string | ErasedCallback<string>
  /** The topic is a repartition topic of the topology's own. */
  readonly internal: boolean
  readonly key: Serializer<never> | undefined
  readonly value: Serializer<never> | undefined
  readonly partition: ErasedPartitioner | undefined
  /**
   * How many bytes at the end of a key do not choose the partition: those of a window, so that all
   * windows of a key are where the key is. 0: all bytes count.
   */
  readonly keyTail: number
  /** Replaces the record's headers, which pass through when left out. */
  readonly headers: ErasedCallback<HeadersInput> | undefined
  readonly timestamp: ErasedCallback<number> | undefined
  /** As of a processor. */
  readonly addressed: boolean
}

export type ProgramNode = SourceNode | ProcessorNode | SinkNode

/** A topic between two sub-topologies, created and purged by the runtime. */
export interface RepartitionTopic {
  /** Without the application's prefix: `by-word-repartition`. */
  readonly name: string
  /** What the user asked for; `undefined`: the copartition group's, else that of its inputs. */
  readonly partitions: number | undefined
}

/** A whole topology. */
export interface Program {
  readonly nodes: ReadonlyMap<string, ProgramNode>
  readonly stores: ReadonlyMap<string, StoreSpec>
  readonly repartitions: ReadonlyMap<string, RepartitionTopic>
  /** Source nodes whose topics must have the same number of partitions, for a join needs it. */
  readonly copartitions: readonly CopartitionGroup[]
}

/** What must be partitioned alike, and who asks for it. */
export interface CopartitionGroup {
  /** The join's node: named in NOT_COPARTITIONED. */
  readonly node: string
  /** Names of source nodes. */
  readonly sources: readonly string[]
}

/** A connected part between topics; one task for each of its partitions. */
export interface SubTopology {
  /** Bytewise smallest source topic, without the application's prefix: the `clicks` of `clicks_3`. */
  readonly id: string
  readonly sources: readonly SourceNode[]
  /** All nodes, sources included, in topological order. */
  readonly nodes: readonly ProgramNode[]
  readonly stores: readonly StoreSpec[]
  readonly copartitions: readonly CopartitionGroup[]
}
