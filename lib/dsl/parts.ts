/**
 * What stands behind the public objects of the DSL: where in the graph a stream or table is, and
 * what is known of it. Kept beside the objects, so that their types show operators and nothing else,
 * and so that their modules need not import each other.
 */
import { ConfigError } from '../core/errors.ts'
import type { Lack } from '../core/serde-options.ts'
import type { TimeWindows, WindowKind } from '../core/windows.ts'
import type { StoreHandle } from '../state/stores.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { Graph } from './graph.ts'
import type { GroupedStream } from './grouped-stream.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import type { Demand } from './operators/demand.ts'
import type { WindowedStream } from './windowed-stream.ts'

/** A place in the graph. */
export interface Place {
  readonly graph: Graph
  /** The node whose records these are. */
  readonly node: string
  /** Nearest name of the user's: generated names begin with it. */
  readonly scope: string
  /** Source nodes by whose partitions the records are spread. */
  readonly sources: readonly string[]
}

/** Behind a `KStream`. A serde that is `undefined` is one that the stream's type says it lacks. */
export interface StreamPart extends Place {
  readonly key: ErasedSerde | undefined
  readonly value: ErasedSerde | undefined
  /** The key has changed since the records were partitioned by it. */
  readonly rekeyed: boolean
}

/** Behind a `GroupedStream`: its stream is repartitioned once somebody needs it to be. */
export interface GroupedPart {
  readonly stream: StreamPart
  readonly name: string | undefined
  readonly partitions: number | undefined
  /** Null keys were dropped already. */
  readonly keysChecked: boolean
}

/** Behind a `WindowedStream`. */
export interface WindowedPart extends GroupedPart {
  readonly windows: TimeWindows
  /** A topic or a branch for records behind the grace. */
  readonly late: string | ((records: StreamPart) => void) | undefined
}

/** Behind a `KTable`. */
export interface TablePart extends Place {
  readonly key: ErasedSerde
  readonly value: ErasedSerde
  /** What its readers ask of the node. */
  readonly demand: Demand
  /** The store that holds its rows; `undefined`: it has none, its rows follow from its parent's. */
  readonly store: StoreHandle<unknown, unknown> | undefined
  /** Of a table whose keys are windowed. */
  readonly windows: WindowsPart | undefined
  /** The table that this one is a view of. */
  readonly viewOf: TablePart | undefined
}

/** What is known of windowed keys. */
export interface WindowsPart {
  readonly windows: TimeWindows
  /** Serde of the key inside. */
  readonly key: ErasedSerde
}

/** Makes the public objects: given by the builder, which alone imports them all. */
export interface Makers {
  stream<K, V, L extends Lack>(part: StreamPart): KStream<K, V, L>
  table<K, V, G extends null>(part: TablePart): KTable<K, V, G>
  grouped<K, V>(part: GroupedPart): GroupedStream<K, V>
  windowed<K, V, W extends WindowKind>(part: WindowedPart): WindowedStream<K, V, W>
}

/** Which part stands behind which object. */
class Behind<P> {
  readonly #parts = new WeakMap<object, P>()
  readonly #what: string

  constructor(what: string) {
    this.#what = what
  }

  remember(object: object, part: P): void {
    this.#parts.set(object, part)
  }

  find(object: object): P | undefined {
    return this.#parts.get(object)
  }

  get(object: object): P {
    const part = this.#parts.get(object)
    if (part !== undefined) return part
    throw new ConfigError(
      'INVALID_OPTION',
      `expected a ${this.#what} that a StreamsBuilder of this copy of millrace has made`,
    )
  }
}

export const streamParts: Behind<StreamPart> = new Behind('KStream')
export const groupedParts: Behind<GroupedPart> = new Behind('GroupedStream')
export const windowedParts: Behind<WindowedPart> = new Behind('WindowedStream')
export const tableParts: Behind<TablePart> = new Behind('KTable')
