/** Describes a program: as data, as the text that Kafka Streams prints, and as a Mermaid diagram. */
import type { Program, ProgramNode } from './nodes.ts'
import { subTopologies, topicsOf } from './sub-topologies.ts'

export interface DescribedNode {
  readonly name: string
  readonly kind: 'source' | 'processor' | 'sink'
  readonly topics: readonly string[]
  readonly stores: readonly string[]
  readonly successors: readonly string[]
}

/** Connected parts between topics; one task for each partition of each. */
export interface TopologyDescription {
  readonly subTopologies: readonly {
    readonly id: string
    readonly nodes: readonly DescribedNode[]
  }[]
}

/** What stands for the topic of a sink that chooses one per record. */
const CHOSEN = '(chosen per record)'

/** Internal topics are named without the application's prefix. */
export function describeProgram(program: Program): TopologyDescription {
  return {
    subTopologies: subTopologies(program).map(({ id, nodes }) => ({
      id,
      nodes: nodes.map((node) => ({
        name: node.name,
        kind: node.kind,
        topics: topicsOfNode(node),
        stores: node.kind === 'processor' ? node.stores : [],
        successors: nodes.filter((other) => parentsOf(other).includes(node.name)).map(nameOf),
      })),
    })),
  }
}

/** Kafka Streams' layout; parts have our ids in the place of its numbers. */
export function describeText(program: Program): string {
  const parts = describeProgram(program).subTopologies.map(({ id, nodes }) => {
    const lines = nodes.flatMap((node) => {
      const parents = program.nodes.get(node.name)
      return [
        `    ${title(node)}`,
        ...(node.kind === 'sink' ? [] : [`      --> ${list(node.successors)}`]),
        ...(node.kind === 'source' || parents === undefined
          ? []
          : [`      <-- ${list(parentsOf(parents))}`]),
      ]
    })
    return [`   Sub-topology: ${id}`, ...lines, ''].join('\n')
  })
  return ['Topologies:', ...parts].join('\n')
}

/** A flowchart: topics as parallelograms, stores as cylinders, a frame for each part. */
export function describeMermaid(program: Program): string {
  const lines = ['flowchart TD']
  const topics = new Set<string>()
  for (const { id, nodes } of describeProgram(program).subTopologies) {
    lines.push(`  subgraph ${quote(`part:${id}`)} [${quote(id)}]`)
    for (const node of nodes) {
      lines.push(`    ${quote(node.name)}[${quote(node.name)}]`)
      for (const store of node.stores)
        lines.push(`    ${quote(node.name)} <--> ${quote(`store:${store}`)}[(${quote(store)})]`)
    }
    lines.push('  end')
    for (const node of nodes) {
      for (const next of node.successors) lines.push(`  ${quote(node.name)} --> ${quote(next)}`)
      for (const topic of node.topics) {
        topics.add(topic)
        const at = quote(`topic:${topic}`)
        const [from, to] = node.kind === 'source' ? [at, quote(node.name)] : [quote(node.name), at]
        lines.push(`  ${from} --> ${to}`)
      }
    }
  }
  for (const topic of topics) lines.push(`  ${quote(`topic:${topic}`)}[/${quote(topic)}/]`)
  return lines.join('\n')
}

function title(node: DescribedNode): string {
  if (node.kind === 'source') return `Source: ${node.name} (topics: [${node.topics.join(', ')}])`
  if (node.kind === 'sink') return `Sink: ${node.name} (topic: ${node.topics.join(', ')})`
  return `Processor: ${node.name} (stores: [${node.stores.join(', ')}])`
}

function topicsOfNode(node: ProgramNode): readonly string[] {
  if (node.kind === 'source') return topicsOf(node)
  if (node.kind === 'processor') return []
  return [typeof node.topic === 'string' ? node.topic : CHOSEN]
}

function parentsOf(node: ProgramNode): readonly string[] {
  return node.kind === 'source' ? [] : node.parents
}

function nameOf(node: ProgramNode): string {
  return node.name
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

/** Mermaid takes any text as an id when it is quoted, but for quotes. */
function quote(text: string): string {
  return `"${text.replaceAll('"', '#quot;')}"`
}
