/** What the nodes of a case have become so far, and the options of the DSL that follow from a case. */
import type {
  ExtractContext,
  GroupedStream,
  KStream,
  KTable,
  Serde,
  StoreOptions,
  WindowedStream,
  Windows,
} from 'millrace'
import { serdes, windows } from 'millrace'
import type { NodeCase, WindowCase } from './cases.ts'
import { MissingOperator } from './cases.ts'
import type { Types } from './functions.ts'
import { serdeOf } from './serdes.ts'

type Over = Windows<'time'>

export interface StreamPart extends Types {
  readonly kind: 'stream'
  readonly stream: KStream<unknown, unknown>
  /** Of windowed keys. */
  readonly windows?: Over | undefined
}

export interface TablePart extends Types {
  readonly kind: 'table'
  readonly table: KTable<unknown, unknown>
  readonly windows?: Over | undefined
}

export interface GroupedPart extends Types {
  readonly kind: 'grouped'
  readonly grouped: GroupedStream<unknown, unknown>
}

export interface WindowedPart extends Types {
  readonly kind: 'windowed'
  readonly windowed: WindowedStream<unknown, unknown, 'time'>
  readonly windows: Over
  readonly emit: string
}

export type Part = StreamPart | TablePart | GroupedPart | WindowedPart

export function storeOption(node: NodeCase): { readonly store?: string | StoreOptions } {
  const { store, retention_ms: retention } = node
  if (store === undefined) return {}
  return { store: retention === undefined ? store : { name: store, retention } }
}

type Extractor = (value: unknown, key: unknown, context: ExtractContext) => number

export function extractor(name: string | undefined): Extractor | undefined {
  if (name === undefined) return undefined
  if (name === 'value') return (value) => Number(value)
  if (name === 'valueOrPartitionTime')
    return (value, _key, { partitionTime }) => (Number(value) < 0 ? partitionTime : Number(value))
  throw new MissingOperator(`timestamp extractor '${name}'`)
}

export function windowsOf(of: WindowCase): Over {
  const { kind = '', size_ms: size = 0, advance_ms: advance = size, grace_ms: grace = 0 } = of
  if (kind === 'tumbling') return windows.tumbling(size, { grace })
  if (kind === 'hopping') return windows.hopping(size, { advance, grace })
  throw new MissingOperator(`windowedBy ${kind} windows`)
}

interface Within {
  readonly within: { readonly before: number; readonly after: number }
  readonly grace: number
}

export function withinOf(of: WindowCase): Within {
  const { difference_ms: difference = 0, grace_ms: grace = 0 } = of
  const { before_ms: before = difference, after_ms: after = difference } = of
  return { within: { before, after }, grace }
}

/** The type that an aggregate has: what the case says, or what its first value is. */
export function aggregateType({ value_type: type, init }: NodeCase): string {
  return type ?? (typeof init === 'number' ? 'long' : 'string')
}

/** What is told of a table at a commit, or when its windows have closed. */
export function emitted(
  table: KTable<unknown, unknown>,
  how: 'commit' | 'final',
): KTable<unknown, unknown> {
  // That `final` needs windows is in the type of the key, which the cases do not have.
  return table.emit(how as 'commit')
}

/** Whether rows are deleted is in the type of a table, which the cases do not have. */
export function tablePart(table: object, { key, value }: Types, over?: Over): TablePart {
  return { kind: 'table', table: table as KTable<unknown, unknown>, key, value, windows: over }
}

/** Suppressed until its windows close, a table tells what `emit('final')` tells. */
export function suppressed(node: NodeCase, from: TablePart): TablePart {
  const unbounded = node.buffer === undefined || node.buffer === 'unbounded'
  if (node.until !== 'windowCloses' || !unbounded || from.windows === undefined)
    throw new MissingOperator('suppress')
  return { ...from, table: emitted(from.table, 'final') }
}

export function windowedSerde(key: string, over: Over): Serde<unknown> {
  // The type of a windowed key, which the cases do not have.
  return serdes.windowed(serdeOf(key), over) as unknown as Serde<unknown>
}
