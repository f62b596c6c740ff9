/**
 * The string beside a committed offset: partition time, named numbers, topic ids, source positions.
 *
 * Kafka Streams' format 2, so that its tools read it; what follows it they ignore. Task-wide numbers
 * ride on the task's first partition. What cannot be read is "no time known", never an error: the
 * offset itself is good, and an older or newer version wrote it.
 */
import { readInt64, writeInt64 } from '../core/bytes.ts'
import { ConfigError } from '../core/errors.ts'
import { changelogTopic, internalTopic } from '../topology/names.ts'
import type { SubTopology } from '../topology/nodes.ts'
import { committedName } from './task-numbers.ts'

const VERSION = 2
/** Version and partition time. */
const FIXED_BYTES = 9
/** The broker refuses 4,097 bytes for that partition alone, while EndTxn still answers 0. */
export const METADATA_LIMIT = 3072
const TOPIC_ID_PREFIX = 'id:'

export interface OffsetMetadata {
  /** Highest timestamp seen on the partition; -1 before the first record. */
  readonly partitionTime: number
  /** Operator times, emission marks, a processor's own: whole numbers within ±2^53. */
  readonly numbers: ReadonlyMap<string, number>
  /** By topic, the first 8 bytes of its id. */
  readonly topicIds: ReadonlyMap<string, Buffer>
  /** Positions of sources that are not Kafka. */
  readonly bytes: ReadonlyMap<string, Buffer>
}

const NONE: ReadonlyMap<string, never> = new Map<string, never>()

/** What is known of a partition that says nothing. */
export const NO_METADATA: OffsetMetadata = {
  partitionTime: -1,
  numbers: NONE,
  topicIds: NONE,
  bytes: NONE,
}

export function encodeOffsetMetadata(metadata: OffsetMetadata): string {
  const integers: [name: string, value: Buffer][] = []
  for (const [name, value] of metadata.numbers) integers.push([name, int64(value)])
  for (const [topic, id] of metadata.topicIds) integers.push([TOPIC_ID_PREFIX + topic, id])
  const fixed = Buffer.alloc(FIXED_BYTES)
  fixed.writeInt8(VERSION, 0)
  writeInt64(fixed, metadata.partitionTime, 1)
  const parts: Buffer[] = [fixed]
  // Java writes no count when there is nothing to count.
  if (integers.length > 0 || metadata.bytes.size > 0) parts.push(int32(integers.length))
  for (const [name, value] of integers) parts.push(...sized(Buffer.from(name)), value)
  if (metadata.bytes.size > 0) parts.push(int32(metadata.bytes.size))
  for (const [name, value] of metadata.bytes)
    parts.push(...sized(Buffer.from(name)), ...sized(value))
  return Buffer.concat(parts).toString('base64')
}

/** `undefined` for an empty string, another version, and anything damaged. */
export function decodeOffsetMetadata(text: string): OffsetMetadata | undefined {
  const reader = new Reader(Buffer.from(text, 'base64'))
  try {
    if (reader.take(1).readInt8(0) !== VERSION) return undefined
    const partitionTime = readInt64(reader.take(8), 0)
    const numbers = new Map<string, number>()
    const topicIds = new Map<string, Buffer>()
    for (let left = reader.count(); left > 0; left--) {
      const name = reader.text()
      const value = reader.take(8)
      if (name.startsWith(TOPIC_ID_PREFIX))
        topicIds.set(name.slice(TOPIC_ID_PREFIX.length), Buffer.from(value))
      else numbers.set(name, readInt64(value, 0))
    }
    const bytes = new Map<string, Buffer>()
    for (let left = reader.count(); left > 0; left--)
      bytes.set(reader.text(), Buffer.from(reader.take(reader.length())))
    return { partitionTime, numbers, topicIds, bytes }
  } catch {
    return undefined
  }
}

/** Characters that the string has at most, with these numbers and topics, whatever their values. */
export function worstCaseLength(numbers: Iterable<string>, topics: Iterable<string>): number {
  let bytes = FIXED_BYTES + 4
  for (const name of numbers) bytes += 4 + Buffer.byteLength(name) + 8
  for (const topic of topics) bytes += 4 + Buffer.byteLength(TOPIC_ID_PREFIX + topic) + 8
  return Math.ceil(bytes / 3) * 4
}

/**
 * Refuses a topology whose offsets the broker would refuse: names are declared and numbers have 8
 * bytes, so the worst case is known. Throws a {@link ConfigError} `INVALID_OPTION` that names the
 * sub-topology.
 */
export function checkOffsetMetadata(of: SubTopology, applicationId: string): void {
  const numbers = of.nodes.flatMap((node) =>
    node.kind === 'processor' ? node.numbers.map((name) => committedName(node.name, name)) : [],
  )
  // A source topic's id rides on its own partition, so the longest of them decides.
  const topics = of.sources.flatMap(({ topics: names, internal }) =>
    names instanceof RegExp
      ? ['x'.repeat(249)]
      : names.map((name) => (internal ? internalTopic(applicationId, name) : name)),
  )
  const longest = topics.reduce((most, topic) => (topic.length > most.length ? topic : most), '')
  const changelogs = of.stores.map(({ name }) => internalTopic(applicationId, changelogTopic(name)))
  const length = worstCaseLength(numbers, [longest, ...changelogs])
  if (length <= METADATA_LIMIT) return
  throw new ConfigError(
    'INVALID_OPTION',
    `the numbers and topics of sub-topology '${of.id}' need up to ${length} bytes of offset ` +
      `metadata, more than ${METADATA_LIMIT}: keep what grows in a store, give shorter names, or ` +
      'cut the topology in two with repartition()',
  )
}

/** Throws on anything beyond the end, so a hostile length allocates nothing. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw new RangeError('cut')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  length(): number {
    return this.take(4).readInt32BE(0)
  }

  /** 0 at the end: nothing follows. */
  count(): number {
    return this.#at === this.#bytes.length ? 0 : this.length()
  }

  text(): string {
    return this.take(this.length()).toString()
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value, 0)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  writeInt64(bytes, value, 0)
  return bytes
}

function sized(bytes: Buffer): [Buffer, Buffer] {
  return [int32(bytes.length), bytes]
}
