/** Adds the operators of a stream that keep something: `dropDuplicates`, and what tables are made of. */

import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import type { ErasedCallback, ErasedSerde } from '../topology/nodes.ts'
import { type ChosenName, retentionMs, storeOptions } from './graph.ts'
import { noDemand } from './operators/demand.ts'
import { dropDuplicates } from './operators/drop-duplicates.ts'
import { tableSource } from './operators/table-source.ts'
import type { NameOptions, PartitionsOption, StoreOption } from './options.ts'
import type { Place, StreamPart, TablePart } from './parts.ts'
import { partitionedByKey } from './repartition.ts'
import { dedupStore, keyValueStore } from './stores.ts'
import { keySerde, valueSerde } from './stream-nodes.ts'

/** The names of an operator that has a store. */
export interface StoreNames {
  readonly store: ChosenName
  readonly node: string
  /** Of what comes behind it: the user's name, if there is one. */
  readonly scope: string
}

/** The store's name is the user's, else that of the node, else generated. */
export function namesOf(
  at: Place,
  operator: string,
  given: { readonly store: string | undefined; readonly node?: string | undefined },
): StoreNames {
  const { graph, scope } = at
  const store = graph.stableName(given.store ?? given.node, scope, operator)
  graph.noteUnnamed('store', store)
  const derived = store.generated ? store.name : `${store.name}-${operator}`
  return {
    store,
    node: given.node ?? graph.nodeFor(derived),
    scope: given.node ?? given.store ?? scope,
  }
}

/** What `dropDuplicates` takes, without its types. */
interface DropOptions extends StoreOption, NameOptions, PartitionsOption {
  readonly id: ErasedCallback<unknown>
  readonly within: Duration
}

export function dropRepeats(part: StreamPart, options: DropOptions): StreamPart {
  const withinMs = milliseconds(options.within, 'within of dropDuplicates')
  if (withinMs === 0)
    throw new ConfigError(
      'INVALID_OPTION',
      'within of dropDuplicates is 0: say how far back repeats are looked for',
    )
  const store = storeOptions(options)
  const names = namesOf(part, 'drop-duplicates', { store: store.name, node: options.name })
  const stream = partitionedByKey(part, {
    name: options.name ?? names.store.name,
    partitions: options.partitions,
    needsKey: true,
  })
  const handle = dedupStore(names.store.name, keySerde(stream), store, {
    horizonMs: retentionMs(store, withinMs, names.store.name),
  })
  const { graph } = stream
  const supplier = dropDuplicates({ store: handle.name, id: options.id, withinMs })
  const traits = { stores: [graph.addStore(handle)], numbers: ['t'] }
  graph.requireAlike(names.node, stream.sources)
  return { ...stream, scope: names.scope, node: graph.add(stream, names.node, supplier, traits) }
}

/** The latest value per key of a stream. */
export function toTable(
  part: StreamPart,
  options: StoreOption & NameOptions & PartitionsOption,
): TablePart {
  const given = { store: storeOptions(options).name, node: options.name }
  const names = namesOf(part, 'to-table', given)
  const stream = partitionedByKey(part, {
    name: options.name ?? names.store.name,
    partitions: options.partitions,
    needsKey: true,
  })
  return tableOf(stream, names, options)
}

/** A stream's records as the rows of a table. */
export function tableOf(stream: StreamPart, names: StoreNames, options: StoreOption): TablePart {
  const { graph } = stream
  const key = keySerde(stream)
  const value = valueSerde(stream)
  const handle = keyValueStore(names.store.name, key, value, storeOptions(options))
  const demand = noDemand()
  const supplier = tableSource({ store: handle.name, demand })
  graph.requireAlike(names.node, stream.sources)
  const traits = { stores: [graph.addStore(handle)] }
  return newTable(stream, graph.add(stream, names.node, supplier, traits), names.scope, {
    key,
    value,
    demand,
    store: handle,
    windows: undefined,
  })
}

/** The part of a table that a node has just begun. */
export function newTable(
  at: Place,
  node: string,
  scope: string,
  table: Omit<TablePart, keyof Place | 'viewOf'> & { readonly key: ErasedSerde },
): TablePart {
  const { graph, sources } = at
  return { graph, node, scope, sources, viewOf: undefined, ...table }
}
