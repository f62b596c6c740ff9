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
  // Mermaid's own ids hold neither dots nor reserved words, so each thing gets a number.
  const ids = new Map<string, string>()
  const idOf = (thing: string): string => {
    const id = ids.get(thing) ?? `n${ids.size}`
    ids.set(thing, id)
    return id
  }
  const parts = describeProgram(program).subTopologies
  const frames = parts.flatMap(({ id, nodes }) => [
    `  subgraph ${idOf(`part ${id}`)} [${quote(id)}]`,
    ...nodes.flatMap((node) => boxes(node, idOf)),
    '  end',
  ])
  const edges = parts.flatMap(({ nodes }) => nodes.flatMap((node) => arrows(node, idOf)))
  return ['flowchart TD', ...frames, ...edges].join('\n')
}

type IdOf = (thing: string) => string

function boxes(node: DescribedNode, idOf: IdOf): readonly string[] {
  const at = idOf(`node ${node.name}`)
  return [
    `    ${at}[${quote(node.name)}]`,
    ...node.stores.map((store) => `    ${at} <--> ${idOf(`store ${store}`)}[(${quote(store)})]`),
  ]
}

function arrows(node: DescribedNode, idOf: IdOf): readonly string[] {
  const at = idOf(`node ${node.name}`)
  return [
    ...node.successors.map((next) => `  ${at} --> ${idOf(`node ${next}`)}`),
    ...node.topics.map((topic) => {
      const end = `${idOf(`topic ${topic}`)}[/${quote(topic)}/]`
      return node.kind === 'source' ? `  ${end} --> ${at}` : `  ${at} --> ${end}`
    }),
  ]
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

/** A label. */
function quote(text: string): string {
  return `"${text.replaceAll('"', '#quot;')}"`
}
