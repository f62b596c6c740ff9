/** Adds joins of a stream with a table, and of two streams within a window. */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import { type ChosenName, type Graph, retentionMs, storeOptions } from './graph.ts'
import { merge } from './operators/merge.ts'
import { streamJoinSide } from './operators/stream-stream-join.ts'
import { streamTableJoin } from './operators/stream-table-join.ts'
import type { NameOptions, PartitionsOption, StoreOption } from './options.ts'
import { type StreamPart, streamParts, type TablePart, tableParts } from './parts.ts'
import { partitionedByKey } from './repartition.ts'
import { joinStore } from './stores.ts'
import { keySerde, valueSerde } from './stream-nodes.ts'
import { withRows } from './table-nodes.ts'

export type ErasedJoiner = (left: never, right: never, key: never) => unknown

/** Options of both kinds of join, without their types. */
interface ErasedJoinOptions extends NameOptions, PartitionsOption {
  readonly value: ErasedSerde
  readonly within?: Duration | { readonly before: Duration; readonly after: Duration }
  readonly grace?: Duration
  readonly left?: StoreOption
  readonly right?: StoreOption
}

/** Joins with a KTable or a KStream, whichever the other side is. */
export function joinStream(
  part: StreamPart,
  other: object,
  kind: 'inner' | 'left',
  joiner: ErasedJoiner,
  given: unknown,
): StreamPart {
  // The overloads of `join` and `leftJoin` have checked them against the other side.
  const options = given as ErasedJoinOptions
  const table = tableParts.find(other)
  if (table !== undefined) return joinTable(part, table, kind, joiner, options)
  const right = streamParts.get(other)
  if (kind === 'left')
    throw new ConfigError(
      'INVALID_OPTION',
      `leftJoin of ${part.node} with the stream ${right.node}: leftJoin takes a table, two streams have join`,
    )
  return joinStreams(part, right, joiner, options)
}

function joinTable(
  part: StreamPart,
  table: TablePart,
  kind: 'inner' | 'left',
  joiner: ErasedJoiner,
  options: ErasedJoinOptions,
): StreamPart {
  checkGraph(part.graph, table.graph, part.node)
  const { graph } = part
  const chosen = graph.stableName(options.name, part.scope, 'table-join')
  if (part.rekeyed) graph.noteUnnamed('repartition topic', chosen)
  const rows = withRows(table)
  const stream = partitionedByKey(part, {
    name: chosen.name,
    partitions: options.partitions,
    needsKey: kind === 'inner',
  })
  const store = rows.store?.name ?? rows.node
  const node = nodeOf(graph, options, chosen)
  graph.add(stream, node, streamTableJoin({ store, joiner, kind }), { stores: [store] })
  graph.requireAlike(node, [...stream.sources, ...rows.sources])
  return { ...stream, node, value: options.value, scope: options.name ?? part.scope }
}

/** One side of a join of two streams. */
interface Side {
  readonly stream: StreamPart
  readonly store: string
}

function joinStreams(
  left: StreamPart,
  right: StreamPart,
  joiner: ErasedJoiner,
  options: ErasedJoinOptions,
): StreamPart {
  checkGraph(left.graph, right.graph, left.node)
  const { graph } = left
  const chosen = graph.stableName(options.name, left.scope, 'join')
  const times = timesOf(options)
  const keptMs = times.beforeMs + times.afterMs + times.graceMs
  const sides = {
    left: joinSide(left, 'left', options, chosen, keptMs),
    right: joinSide(right, 'right', options, chosen, keptMs),
  }
  const nodes = (['left', 'right'] as const).map((side) => {
    const own = sides[side]
    const other = sides[side === 'left' ? 'right' : 'left'].store
    const supplier = streamJoinSide({ side, own: own.store, other, ...times, joiner })
    const traits = { stores: [own.store, other], numbers: ['t'] }
    return graph.add(own.stream, graph.nodeFor(`${chosen.name}-${side}`), supplier, traits)
  })
  const node = graph.addBehind(nodes, nodeOf(graph, options, chosen), merge())
  const sources = [...new Set([...sides.left.stream.sources, ...sides.right.stream.sources])]
  graph.requireAlike(node, sources)
  const scope = options.name ?? left.scope
  return { ...sides.left.stream, node, sources, value: options.value, scope }
}

/** Brings one side to where its key is, and adds its buffer. */
function joinSide(
  part: StreamPart,
  side: 'left' | 'right',
  options: ErasedJoinOptions,
  chosen: ChosenName,
  keptMs: number,
): Side {
  const { graph } = part
  const store = storeOptions(options[side])
  const name = store.name ?? `${chosen.name}-${side}`
  if (store.name === undefined) graph.noteUnnamed('store', { name, generated: chosen.generated })
  const stream = partitionedByKey(part, {
    name: options.name === undefined ? name : `${chosen.name}-${side}`,
    partitions: options.partitions,
    needsKey: true,
  })
  const handle = joinStore(name, keySerde(stream), valueSerde(stream), store, {
    retentionMs: retentionMs(store, keptMs, name),
  })
  return { stream, store: graph.addStore(handle) }
}

function timesOf({ within, grace = 0 }: ErasedJoinOptions) {
  if (within === undefined)
    throw new ConfigError(
      'INVALID_OPTION',
      'a join of two streams needs { within }: how far apart their records may lie',
    )
  const both = typeof within === 'object' ? within : { before: within, after: within }
  return {
    beforeMs: milliseconds(both.before, 'within of a join'),
    afterMs: milliseconds(both.after, 'within of a join'),
    graceMs: milliseconds(grace, 'grace of a join'),
  }
}

function nodeOf(graph: Graph, options: NameOptions, chosen: ChosenName): string {
  return options.name ?? graph.nodeFor(chosen.name)
}

function checkGraph(left: Graph, right: Graph, node: string): void {
  if (left !== right)
    throw new ConfigError(
      'INVALID_OPTION',
      `${node} is joined with a stream or table of another builder: make both with one`,
    )
}
