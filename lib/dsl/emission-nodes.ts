/** Adds emission views: nodes that tell the changes of a table under another rule. */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import type { Row } from '../core/record.ts'
import { booleanSerde } from '../core/serdes/numbers.ts'
import type { TimeWindows } from '../core/windows.ts'
import type { StoreHandle, StoreOptions } from '../state/stores.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import type { NodeTraits } from './graph.ts'
import { type Demand, noDemand } from './operators/demand.ts'
import { emitComplete } from './operators/emit-complete.ts'
import { emitEveryRows } from './operators/emit-every-rows.ts'
import { emitEveryWindows } from './operators/emit-every-windows.ts'
import { emitFinal } from './operators/emit-final.ts'
import { emitRows } from './operators/emit-rows.ts'
import { emitWindows } from './operators/emit-windows.ts'
import type { TablePart, WindowsPart } from './parts.ts'
import { newTable } from './stateful-nodes.ts'
import { keyValueStore, owedWindows } from './stores.ts'
import { withRows } from './table-nodes.ts'

/** What `emit` takes, without the types of rows. */
export type ErasedEmit =
  | 'update'
  | 'commit'
  | 'final'
  | { readonly every: Duration }
  | {
      readonly complete: Duration
      readonly sort?: (a: Row<never, never>, b: Row<never, never>) => number
      readonly limit?: number
    }

type Complete = Extract<ErasedEmit, { readonly complete: Duration }>

/** A view of the table, or of the one that the table is a view of. */
export function emitTable(table: TablePart, how: ErasedEmit): TablePart {
  const base = table.viewOf ?? table
  if (how === 'update') return base
  if (base.windows !== undefined) return windowView(base, base.windows, how)
  if (how === 'final')
    throw new ConfigError(
      'INVALID_OPTION',
      `emit('final') on ${base.node}: only windows close, and this table has none`,
    )
  const rows = withRows(base)
  const { key } = rows
  if (how === 'commit')
    return view(rows, 'commit', {}, ({ store, demand }) => emitRows({ store, key, demand }))
  if ('complete' in how) return completeView(rows, how)
  const everyMs = interval(how.every, 'every')
  const owed: OwedStore = (name, backing) => keyValueStore(name, key, booleanSerde, backing)
  return view(rows, 'every', { numbers: ['w'], owed }, (made) =>
    emitEveryRows({ ...made, everyMs }),
  )
}

function windowView(base: TablePart, { windows, key }: WindowsPart, how: ErasedEmit): TablePart {
  const shape = windows
  if (base.store === undefined)
    throw new ConfigError(
      'INVALID_OPTION',
      `emit on ${base.node}, which follows from a windowed table: emit first, then filter or map`,
    )
  if (how === 'update') return base
  if (how === 'commit')
    return view(base, 'commit', {}, ({ store, demand }) =>
      emitWindows({ store, shape, key, demand }),
    )
  if (how === 'final') {
    base.graph.checkAtBuild(() => refuseForever(base.node, windows))
    return view(base, 'final', { numbers: ['w'], mayBeAsync: true }, ({ store, demand }) =>
      emitFinal({ store, shape, demand }),
    )
  }
  if ('complete' in how) return completeView(base, how)
  const everyMs = interval(how.every, 'every')
  const owed: OwedStore = (name, backing) => owedWindows(name, key, backing)
  return view(base, 'every', { numbers: ['w'], owed }, (made) =>
    emitEveryWindows({ ...made, shape, everyMs }),
  )
}

function refuseForever(node: string, windows: TimeWindows): void {
  if (windows.graceMs === Number.POSITIVE_INFINITY)
    throw new ConfigError(
      'INVALID_OPTION',
      `emit('final') on ${node}: windows with grace 'forever' never close; give them a grace, or emit by 'update', 'commit' or { every }`,
    )
}

function completeView(base: TablePart, how: Complete): TablePart {
  const everyMs = interval(how.complete, 'complete')
  const { limit, sort } = how
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw new ConfigError(
      'INVALID_OPTION',
      `limit of emit({ complete }) is ${limit}: it must be a whole number above 0`,
    )
  return view(base, 'complete', { numbers: ['w'] }, ({ store, demand }) =>
    emitComplete({
      store,
      key: base.key,
      everyMs,
      sort,
      limit,
      shape: base.windows?.windows,
      demand,
    }),
  )
}

/** Makes the store of what a view has still to tell; it is kept as the table's own is. */
type OwedStore = (name: string, backing: Partial<StoreOptions>) => StoreHandle<unknown, unknown>

interface ViewTraits extends Pick<NodeTraits, 'numbers' | 'mayBeAsync'> {
  readonly owed?: OwedStore
}

/** What a view is made with: names of its stores, and what its readers ask. */
interface ViewParts {
  readonly store: string
  readonly owed: string
  readonly demand: Demand
}

function view(
  base: TablePart,
  operator: string,
  { owed, ...traits }: ViewTraits,
  supplier: (parts: ViewParts) => OperatorSupplier,
): TablePart {
  const { graph, key, value, windows } = base
  const store = base.store?.name ?? base.node
  const demand = noDemand()
  const node = graph.nodeName(base.scope, `emit-${operator}`)
  const debts =
    owed === undefined ? [] : [graph.addStore(owed(`${node}-owed`, backingOf(base.store)))]
  const parts = { store, owed: debts[0] ?? '', demand }
  graph.add(base, node, supplier(parts), { ...traits, addressed: true, stores: [store, ...debts] })
  base.demand.views.push(node)
  const made = newTable(base, node, base.scope, { key, value, demand, store: base.store, windows })
  return { ...made, viewOf: base }
}

function backingOf(store: TablePart['store']): Partial<StoreOptions> {
  if (store === undefined) return {}
  return { in: store.spec.in, changelog: store.spec.changelog !== undefined }
}

function interval(value: Duration, option: string): number {
  const everyMs = milliseconds(value, `${option} of emit`)
  if (everyMs > 0) return everyMs
  throw new ConfigError('INVALID_OPTION', `${option} of emit is 0: say how often, as in '10s'`)
}
