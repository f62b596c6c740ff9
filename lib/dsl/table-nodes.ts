/** Adds the operators of tables: derived tables, their changes as a stream, and rows to look into. */
import { ConfigError } from '../core/errors.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { storeOptions } from './graph.ts'
import { type Demand, noDemand } from './operators/demand.ts'
import { tableFilter } from './operators/table-filter.ts'
import { tableMapValues } from './operators/table-map-values.ts'
import { toStream } from './operators/to-stream.ts'
import type { StoreOption } from './options.ts'
import type { StreamPart, TablePart } from './parts.ts'
import { namesOf, newTable } from './stateful-nodes.ts'
import { keyValueStore } from './stores.ts'

/** Rows that a predicate accepts, or refuses. */
export function filterTable(
  table: TablePart,
  predicate: (value: never, key: never) => boolean,
  not: boolean,
  options: StoreOption,
): TablePart {
  const operator = not ? 'filter-not' : 'filter'
  return derived(table, operator, table.value, options, (store, demand) =>
    tableFilter({ predicate, not, store, demand }),
  )
}

/** The same rows with other values. */
export function mapTable(
  table: TablePart,
  mapper: (value: never, key: never) => unknown,
  value: ErasedSerde,
  options: StoreOption,
): TablePart {
  return derived(table, 'map-values', value, options, (store, demand) =>
    tableMapValues({ mapper, store, demand }),
  )
}

/** The changes of a table, each a record. */
export function changesOf(table: TablePart): StreamPart {
  const { graph, scope, sources, key, value } = table
  const name = graph.nodeName(scope, 'to-stream')
  const node = graph.add(table, name, toStream())
  table.demand.updates = true
  return { graph, node, scope, sources, key, value, rekeyed: false }
}

const kept = new WeakMap<TablePart, TablePart>()

/**
 * The table with rows by key that others can look into: itself, or where it keeps none (it follows
 * from another, or its rows are windows) a copy in a store of its own, made once.
 */
export function withRows(table: TablePart): TablePart & Required<Pick<TablePart, 'store'>> {
  const source = table.viewOf ?? table
  if (source.store !== undefined && source.windows === undefined) return source
  const known = kept.get(source)
  if (known !== undefined) return known
  const names = namesOf(source, 'rows', { store: undefined })
  const copy = keep(source, names.node, names.store.name, {})
  kept.set(source, copy)
  return copy
}

function keep(table: TablePart, node: string, store: string, options: StoreOption): TablePart {
  const { key, value, graph } = table
  const handle = keyValueStore(store, key, value, storeOptions(options))
  const demand = noDemand()
  const supplier = tableMapValues({ mapper: (row) => row, store: handle.name, demand })
  graph.add(table, node, supplier, { stores: [graph.addStore(handle)] })
  table.demand.updates = true
  return newTable(table, node, table.scope, {
    key,
    value,
    demand,
    store: handle,
    windows: undefined,
  })
}

/** A table that follows from another row by row; it keeps rows only if the user named a store. */
function derived(
  table: TablePart,
  operator: string,
  value: ErasedSerde,
  options: StoreOption,
  supplier: (store: string | undefined, demand: Demand) => OperatorSupplier,
): TablePart {
  const { graph, key, windows } = table
  const store = storeOptions(options)
  const demand = noDemand()
  table.demand.updates = true
  if (store.name === undefined) {
    const node = graph.add(
      table,
      graph.nodeName(table.scope, operator),
      supplier(undefined, demand),
    )
    return newTable(table, node, table.scope, { key, value, demand, store: undefined, windows })
  }
  if (windows !== undefined)
    throw new ConfigError(
      'INVALID_OPTION',
      `${operator} of a windowed table takes no store: its rows are those of the table behind it, so '${store.name}' would hold nothing of its own`,
    )
  const names = namesOf(table, operator, { store: store.name })
  const handle = keyValueStore(store.name, key, value, store)
  const node = graph.add(table, names.node, supplier(handle.name, demand), {
    stores: [graph.addStore(handle)],
  })
  return newTable(table, node, names.scope, { key, value, demand, store: handle, windows })
}
