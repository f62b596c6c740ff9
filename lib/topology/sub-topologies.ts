/**
 * Cuts a program into its connected parts. Nodes belong together that forward to each other, share a
 * store, or must be partitioned alike; only topics run between the parts.
 */
import { ConfigError } from '../core/errors.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Program, ProgramNode, SourceNode, SubTopology } from './nodes.ts'

/** The parts in the order of their ids. Throws a ConfigError for a part that nothing feeds. */
export function subTopologies(program: Program): readonly SubTopology[] {
  const parts = new Map<string, ProgramNode[]>()
  const root = connect(program)
  for (const [name, node] of program.nodes) {
    const part = parts.get(root(name))
    if (part === undefined) parts.set(root(name), [node])
    else part.push(node)
  }
  return [...parts.values()]
    .map((nodes) => subTopology(nodes, program))
    .sort((left, right) => compareBytes(left.id, right.id))
}

/** Names, or the text of the pattern. */
export function topicsOf(source: SourceNode): readonly string[] {
  return source.topics instanceof RegExp ? [source.topics.source] : source.topics
}

/** Union-find: for each node the name that stands for its part. */
function connect(program: Program): (name: string) => string {
  const above = new Map<string, string>()
  const root = (name: string): string => {
    let at = name
    for (let next = above.get(at); next !== undefined; next = above.get(at)) at = next
    return at
  }
  const join = (left: string, right: string): void => {
    const [from, to] = [root(left), root(right)]
    if (from !== to) above.set(from, to)
  }
  const opener = new Map<string, string>()
  for (const [name, node] of program.nodes) {
    if (node.kind === 'source') continue
    for (const parent of node.parents) join(name, parent)
    if (node.kind === 'sink') continue
    for (const store of node.stores) {
      join(name, opener.get(store) ?? name)
      opener.set(store, name)
    }
  }
  for (const { sources } of program.copartitions)
    for (const source of sources) join(source, sources[0] ?? source)
  return root
}

function subTopology(nodes: readonly ProgramNode[], program: Program): SubTopology {
  const sources = nodes.filter((node) => node.kind === 'source')
  const id = sources.flatMap(topicsOf).sort(compareBytes)[0]
  if (id === undefined)
    throw new ConfigError(
      'INVALID_OPTION',
      `nothing feeds ${nodes.map(({ name }) => name).join(', ')}: connect it to a source`,
    )
  const names = new Set(sources.map(({ name }) => name))
  return {
    id,
    sources,
    nodes,
    stores: storesOf(nodes, program),
    copartitions: program.copartitions.filter((group) =>
      group.sources.some((source) => names.has(source)),
    ),
  }
}

function storesOf(nodes: readonly ProgramNode[], program: Program): readonly StoreSpec[] {
  const opened = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? node.stores : [])))
  return [...program.stores.values()].filter(({ name }) => opened.has(name))
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
