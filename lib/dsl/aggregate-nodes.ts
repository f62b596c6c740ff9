/** Adds the aggregates of grouped streams, windowed and not, with their stores and topics. */
import type { Serde } from '../core/serde.ts'
import { windowed } from '../core/serdes/windowed.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import { retentionMs, storeOptions } from './graph.ts'
import { aggregate } from './operators/aggregate.ts'
import { noDemand } from './operators/demand.ts'
import type { Fold, Merge } from './operators/folds.ts'
import { merge as passThrough } from './operators/merge.ts'
import { paneAggregate } from './operators/pane-aggregate.ts'
import { worthPanes } from './operators/window-shape.ts'
import { windowedAggregate } from './operators/windowed-aggregate.ts'
import type { StoreOption } from './options.ts'
import type { GroupedPart, StreamPart, TablePart, WindowedPart } from './parts.ts'
import { partitionedGroup } from './repartition.ts'
import { namesOf, newTable } from './stateful-nodes.ts'
import { keyValueStore, windowStore } from './stores.ts'
import { keySerde } from './stream-nodes.ts'
import { writeTo } from './topic-nodes.ts'

/** One way to fold records. */
export interface Folding {
  readonly operator: string
  readonly fold: Fold
  /** Serde of the aggregate. */
  readonly value: ErasedSerde
}

/** Of windows: with a merge they may be kept as panes. */
export interface WindowFolding extends Folding {
  readonly merge: Merge | undefined
}

export function aggregateGroup(
  group: GroupedPart,
  { operator, fold, value }: Folding,
  options: StoreOption,
): TablePart {
  const store = storeOptions(options)
  const names = namesOf(group.stream, operator, { store: store.name })
  const stream = partitionedGroup(group, names.store.name)
  const { graph } = stream
  const key = keySerde(stream)
  const handle = keyValueStore(names.store.name, key, value, store)
  const demand = noDemand()
  const supplier = aggregate({ store: handle.name, fold, demand })
  const node = graph.add(stream, names.node, supplier, { stores: [graph.addStore(handle)] })
  graph.requireAlike(node, stream.sources)
  const table = { key, value, demand, store: handle, windows: undefined }
  return newTable(stream, node, names.scope, table)
}

export function aggregateWindows(
  group: WindowedPart,
  { operator, fold, merge, value }: WindowFolding,
  options: StoreOption,
): TablePart {
  const { windows } = group
  const store = storeOptions(options)
  const names = namesOf(group.stream, operator, { store: store.name })
  const stream = partitionedGroup(group, names.store.name)
  const { graph } = stream
  const key = keySerde(stream)
  const panes = merge !== undefined && worthPanes(windows) ? merge : undefined
  const retention = retentionMs(store, windows.sizeMs + windows.graceMs, names.store.name)
  const handle = windowStore(names.store.name, key, value, store, {
    windows,
    retentionMs: retention,
    // A tumbling window is its own pane: queries may put several together.
    merge: windows.advanceMs === windows.sizeMs ? merge : panes,
  })
  const demand = noDemand()
  const late = group.late === undefined ? undefined : graph.nodeFor(`${names.node}-late`)
  const settings = {
    store: handle.name,
    shape: windows,
    fold,
    retentionMs: retention,
    late,
    demand,
  }
  const supplier =
    panes === undefined
      ? windowedAggregate(settings)
      : paneAggregate({ ...settings, merge: panes, key, value })
  const traits = { stores: [graph.addStore(handle)], numbers: ['t'] }
  const node = graph.add(stream, names.node, supplier, traits)
  graph.requireAlike(node, stream.sources)
  if (late !== undefined) addLate({ ...stream, node }, late, group.late)
  return newTable(stream, node, names.scope, {
    // A serde of whatever the inner serde is of.
    key: windowed(key as Serde<unknown>, windows),
    value,
    demand,
    store: handle,
    windows: { windows, key },
  })
}

/** Where records behind the grace go: the aggregate forwards them to this node alone. */
function addLate(at: StreamPart, name: string, late: WindowedPart['late']): void {
  if (typeof late === 'string') {
    writeTo(at, late, { name }, { addressed: true })
    return
  }
  at.graph.add(at, name, passThrough(), { addressed: true })
  late?.({ ...at, node: name })
}
