/** Where streams begin and end: sources that read topics, sinks that write them. */
import type { ErrorPolicy } from '../core/errors.ts'
import type { StartPosition } from '../core/position.ts'
import type { Serializer } from '../core/serde.ts'
import { admitsNull } from '../core/serdes/nullable.ts'
import { windowTail } from '../core/serdes/windowed.ts'
import { rawBytes } from '../core/topic.ts'
import type { ErasedCallback, ErasedSerde, SinkNode, SourceNode } from '../topology/nodes.ts'
import type { Graph } from './graph.ts'
import type { ProduceOptions } from './options.ts'
import type { Place, StreamPart } from './parts.ts'
import { keySerde, valueSerde } from './stream-nodes.ts'

/** What `stream` and `table` say of a source. */
export interface SourceOptions {
  readonly timestamp?: SourceNode['timestamp']
  readonly start?: StartPosition
  readonly decode?: ErrorPolicy
  readonly name?: string
}

/** A topic to read, with what is known of its bytes; without serdes they stay bytes. */
export interface SourceTopics {
  readonly topics: readonly string[] | RegExp
  readonly key: ErasedSerde | undefined
  readonly value: ErasedSerde | undefined
  /** Null values are tombstones, whatever the serde says. */
  readonly tombstones: boolean
}

/** Adds the source and returns the stream that leaves it. */
export function readFrom(graph: Graph, from: SourceTopics, options: SourceOptions): StreamPart {
  const { key, value } = from
  const scope = options.name ?? scopeOf(from.topics)
  const node = options.name ?? graph.nodeFor(scope)
  graph.program.addSource({
    kind: 'source',
    name: node,
    topics: from.topics,
    internal: false,
    key: decoder(key),
    value: decoder(value),
    nullKey: key === undefined || admitsNull(key),
    nullValue: value === undefined || from.tombstones || admitsNull(value),
    timestamp: options.timestamp,
    start: options.start,
    decode: options.decode,
  })
  return {
    graph,
    node,
    scope,
    sources: [node],
    key: key ?? rawBytes,
    value: value ?? rawBytes,
    rekeyed: false,
  }
}

/** What `to` takes besides its target. Serdes here win over those of the stream. */
export interface SinkOptions extends ProduceOptions<never, never> {
  readonly key?: Serializer<never>
  readonly value?: Serializer<never>
}

/** A `Topic` whose types have been checked. */
export interface ErasedTopic {
  readonly name: string
  readonly key: ErasedSerde
  readonly value: ErasedSerde
}

/**
 * Ends a stream in a topic, in its own serdes, those of the topic or those of the options. Windows
 * of a key are where the key is, as Kafka Streams has it for `to` and for no topic in between.
 */
export function writeTo(
  part: StreamPart,
  target: string | ErasedCallback<string> | ErasedTopic,
  options: SinkOptions = {},
  kind: SinkKind = {},
): void {
  const topic = typeof target === 'object' ? target : undefined
  const key = options.key ?? topic?.key ?? keySerde(part)
  const { partition } = options
  part.graph.program.addSink(
    sinkNode(
      part,
      options.name ?? part.graph.nodeName(part.scope, 'to'),
      {
        topic: typeof target === 'object' ? target.name : target,
        key,
        value: options.value ?? topic?.value ?? valueSerde(part),
        partition,
        keyTail: partition === undefined ? windowTail(key) : 0,
        headers: options.headers,
        timestamp: options.timestamp,
      },
      kind,
    ),
  )
}

type SinkTraits = Pick<SinkNode, 'topic' | 'partition' | 'keyTail' | 'headers' | 'timestamp'> & {
  readonly key: Serializer<never>
  readonly value: Serializer<never>
}

type SinkKind = Partial<Pick<SinkNode, 'internal' | 'addressed'>>

/** A sink behind a place. */
export function sinkNode(
  at: Place,
  name: string,
  traits: SinkTraits,
  kind: SinkKind = {},
): SinkNode {
  return {
    kind: 'sink',
    name,
    parents: [at.node],
    internal: false,
    addressed: false,
    ...kind,
    ...traits,
    key: encoder(traits.key),
    value: encoder(traits.value),
  }
}

/** Bytes as they are need no serde on the record path. */
export function decoder(serde: ErasedSerde | undefined): ErasedSerde | undefined {
  return serde === undefined || isRaw(serde) ? undefined : serde
}

function encoder(serde: Serializer<never>): Serializer<never> | undefined {
  return isRaw(serde) ? undefined : serde
}

function isRaw(serde: Serializer<never>): boolean {
  return serde === rawBytes
}

/** The name that generated names begin with: that of the topic, or of the first one. */
function scopeOf(topics: readonly string[] | RegExp): string {
  if (!(topics instanceof RegExp)) return topics[0] ?? 'source'
  const text = topics.source.replace(/[^\w.-]/g, '').replace(/^[.-]+|[.-]+$/g, '')
  return text === '' ? 'pattern' : text
}
