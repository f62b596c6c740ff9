/** Adds the operators of a stream that keep nothing: each takes a part and gives the next one. */
import { ConfigError } from '../core/errors.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import type { NodeTraits } from './graph.ts'
import { merge } from './operators/merge.ts'
import { type Branch, split } from './operators/split.ts'
import type { StreamPart } from './parts.ts'

/** What an operator changes about its stream. */
export type StreamChanges = Partial<Pick<StreamPart, 'key' | 'value' | 'rekeyed' | 'scope'>>

/** Serdes of an operator's options, without their types. */
export interface NewSerdes {
  readonly key?: ErasedSerde
  readonly value?: ErasedSerde
}

/** A new key and a new value, with the serdes that were given for them. */
export function rekeyed(options: NewSerdes | undefined): StreamChanges {
  return { key: options?.key, value: options?.value, rekeyed: true }
}

/** One node behind a stream, with a name that no deploy depends on. */
export function stateless(
  part: StreamPart,
  operator: string,
  supplier: OperatorSupplier,
  changes: StreamChanges = {},
  traits: NodeTraits = {},
): StreamPart {
  const name = part.graph.nodeName(part.scope, operator)
  return { ...part, ...changes, node: part.graph.add(part, name, supplier, traits) }
}

/** One stream per branch, in the order in which they are asked. */
export function splitStream(
  part: StreamPart,
  accepts: readonly (readonly [name: string, accepts: Branch['accepts']])[],
): ReadonlyMap<string, StreamPart> {
  const { graph } = part
  const name = graph.nodeName(part.scope, 'split')
  const branches = accepts.map(([branch, accept]) => ({
    branch,
    child: graph.nodeFor(`${name}-${branch}`),
    accepts: accept,
  }))
  graph.add(part, name, split(branches))
  return new Map(
    branches.map(({ branch, child }) => {
      graph.addBehind([name], child, merge(), { addressed: true })
      return [branch, { ...part, node: child }]
    }),
  )
}

/** Both streams as one: re-keyed if either is, spread as both are. */
export function mergeStreams(
  left: StreamPart,
  right: StreamPart,
  value: ErasedSerde | undefined,
): StreamPart {
  const { graph } = left
  if (right.graph !== graph)
    throw new ConfigError(
      'INVALID_OPTION',
      `${left.node} and ${right.node} come from two builders: make both streams with one`,
    )
  // A stream merged with itself has every record twice, and a node is a parent only once.
  const other =
    left.node === right.node ? stateless(right, 'merge-twice', merge()).node : right.node
  const name = graph.nodeName(left.scope, 'merge')
  return {
    ...left,
    node: graph.addBehind([left.node, other], name, merge()),
    sources: [...new Set([...left.sources, ...right.sources])],
    rekeyed: left.rekeyed || right.rekeyed,
    value: value ?? left.value,
  }
}

/** The serde of a stream's keys where bytes are needed. The types have asked for it already. */
export function keySerde(part: StreamPart): ErasedSerde {
  return part.key ?? lacking(part, 'key')
}

/** As `keySerde`, of values. */
export function valueSerde(part: StreamPart): ErasedSerde {
  return part.value ?? lacking(part, 'value')
}

function lacking(part: StreamPart, side: 'key' | 'value'): never {
  throw new ConfigError(
    'INVALID_OPTION',
    `the stream that leaves ${part.node} has no ${side} serde: give { ${side} } where its ${side} is made`,
  )
}
