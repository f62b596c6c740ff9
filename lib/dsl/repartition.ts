/**
 * Topics in between: a stream whose key has changed is written to a topic and read back, so that
 * records of one key meet in one task. Inserted where somebody needs it, once for each use, as
 * Kafka Streams does.
 */
import type { ErasedPartitioner } from '../topology/nodes.ts'
import { requireKey } from './operators/select-key.ts'
import type { NameOptions, PartitionsOption } from './options.ts'
import type { GroupedPart, StreamPart } from './parts.ts'
import { keySerde, valueSerde } from './stream-nodes.ts'
import { decoder, sinkNode } from './topic-nodes.ts'

export interface Repartition {
  /** Of the topic, without prefix and suffix. */
  readonly name: string
  readonly partitions: number | undefined
  readonly partition?: ErasedPartitioner | undefined
  /** Null keys are of no use behind it: they are dropped in front of it, and counted. */
  readonly needsKey: boolean
}

/** Through a topic, always. */
export function repartition(part: StreamPart, by: Repartition): StreamPart {
  const { graph } = part
  const key = keySerde(part)
  const value = valueSerde(part)
  const topic = graph.program.addRepartition(by.name, by.partitions)
  const node = by.needsKey
    ? graph.add(part, graph.nodeFor(`${by.name}-repartition-filter`), requireKey())
    : part.node
  const sink = graph.nodeFor(`${by.name}-repartition-sink`)
  graph.program.addSink(
    sinkNode(
      { ...part, node },
      sink,
      {
        topic,
        key,
        value,
        partition: by.partition,
        keyTail: 0,
        headers: undefined,
        timestamp: undefined,
      },
      { internal: true },
    ),
  )
  const source = graph.nodeFor(`${by.name}-repartition-source`)
  graph.program.addSource({
    kind: 'source',
    name: source,
    topics: [topic],
    internal: true,
    key: decoder(key),
    value: decoder(value),
    // What was written passed the types of the stream, nulls included.
    nullKey: true,
    nullValue: true,
    timestamp: undefined,
    start: undefined,
    decode: undefined,
  })
  return { ...part, node: source, sources: [source], rekeyed: false }
}

/** Through a topic only if the key has changed. */
export function partitionedByKey(part: StreamPart, by: Repartition): StreamPart {
  return part.rekeyed ? repartition(part, by) : part
}

/** `repartition` of a stream. */
export function repartitionStream(
  part: StreamPart,
  options: NameOptions & PartitionsOption & { readonly partition?: ErasedPartitioner },
): StreamPart {
  const { graph, scope } = part
  const name = graph.stableName(options.name, scope, 'repartition')
  graph.noteUnnamed('repartition topic', name)
  const { partitions, partition } = options
  const made = repartition(part, { name: name.name, partitions, partition, needsKey: false })
  return { ...made, scope: options.name ?? scope }
}

/** A topic that the user named serves every use of the same grouping. */
const shared = new WeakMap<StreamPart, StreamPart>()

/** The stream behind a grouping, partitioned by its key; `name`: of the store that needs it. */
export function partitionedGroup(group: GroupedPart, name: string): StreamPart {
  const { partitions } = group
  const known = shared.get(group.stream)
  if (known !== undefined) return known
  const part = partitionedByKey(group.stream, {
    name: group.name ?? name,
    partitions,
    needsKey: !group.keysChecked,
  })
  if (group.name !== undefined) shared.set(group.stream, part)
  return part
}
