/**
 * The input partitions of a task: which source reads which topic, where each begins, and what of
 * them commits. Task-wide numbers ride on the first topic, which is in every commit of the task.
 */
import { FatalError } from '../core/errors.ts'
import { internalTopic } from '../topology/names.ts'
import type { SourceNode, SubTopology } from '../topology/nodes.ts'
import type { FrozenPosition } from './frozen-span.ts'
import { decodeOffsetMetadata, encodeOffsetMetadata, NO_METADATA } from './offset-metadata.ts'
import { PartitionGroup } from './partition-group.ts'
import { PartitionQueue } from './partition-queue.ts'
import { RecordReader } from './record-reader.ts'
import type { TaskNumbers } from './task-numbers.ts'
import type { TaskOptions, TaskStart } from './task-options.ts'
import type { TaskScope } from './task-scope.ts'

const NONE: ReadonlyMap<string, never> = new Map<string, never>()

export class TaskInputs {
  readonly group: PartitionGroup
  readonly #partition: number
  readonly #topicIds: ReadonlyMap<string, Buffer>
  readonly #numbers: TaskNumbers
  readonly #sources = new Map<string, SourceNode>()
  /** What was committed last, as far as is known. */
  #committed: ReadonlyMap<string, TaskStart>

  constructor(options: TaskOptions, scope: TaskScope, numbers: TaskNumbers) {
    const { subTopology, applicationId, partition, clock, maxFutureSkewMs } = options
    this.#partition = partition
    this.#topicIds = options.topicIds ?? NONE
    this.#numbers = numbers
    this.#committed = options.start
    const queues: PartitionQueue[] = []
    for (const topic of sortedTopics(options.start)) {
      const source = sourceOf(subTopology, applicationId, topic)
      this.#sources.set(topic, source)
      const { streamTime } = scope
      const reader = new RecordReader({
        source,
        topic,
        partition,
        clock,
        maxFutureSkewMs,
        streamTime,
      })
      queues.push(new PartitionQueue(topic, reader, 0, source.decode))
    }
    this.group = new PartitionGroup(queues, options.maxTaskIdleMs ?? 0)
  }

  sourceOf(topic: string): SourceNode {
    const source = this.#sources.get(topic)
    if (source !== undefined) return source
    throw new FatalError(
      'INTERNAL',
      `a task was asked for topic '${topic}', which it does not read`,
    )
  }

  /** Back to what was committed, or to `start`, which is what a coordinator said. */
  rewind(start: ReadonlyMap<string, TaskStart> = this.#committed): void {
    this.#committed = start
    const numbers = new Map<string, number>()
    for (const queue of this.group.queues) {
      const from = start.get(queue.topic)
      const metadata = decodeOffsetMetadata(from?.metadata ?? '') ?? NO_METADATA
      queue.reset(from?.offset ?? queue.position, metadata.partitionTime)
      for (const [name, value] of metadata.numbers) numbers.set(name, value)
    }
    this.#numbers.restore(numbers)
    this.group.recallTime()
  }

  freeze(): FrozenPosition[] {
    return this.group.queues.map((queue, at) => ({
      topic: queue.topic,
      partition: this.#partition,
      offset: queue.position,
      metadata: encodeOffsetMetadata({
        partitionTime: queue.partitionTime,
        numbers: at === 0 ? this.#numbers.all() : NONE,
        topicIds: this.#idsOn(queue.topic, at === 0),
        bytes: NONE,
      }),
    }))
  }

  /** A source topic's id rides on its own partition, those of changelogs on the first. */
  #idsOn(topic: string, first: boolean): ReadonlyMap<string, Buffer> {
    const ids = new Map<string, Buffer>()
    for (const [of, id] of this.#topicIds)
      if (of === topic || (first && !this.#sources.has(of))) ids.set(of, id)
    return ids
  }

  committed(positions: readonly FrozenPosition[]): void {
    this.#committed = new Map(
      positions.map(({ topic, offset, metadata }) => [topic, { offset, metadata }]),
    )
  }

  /** Whether these positions say anything that is not committed yet. */
  moved(positions: readonly FrozenPosition[]): boolean {
    return positions.some(({ topic, offset, metadata }) => {
      const committed = this.#committed.get(topic)
      return committed?.offset !== offset || committed.metadata !== metadata
    })
  }
}

/** Smallest bytes first: every member finds the same first topic. */
function sortedTopics(start: ReadonlyMap<string, TaskStart>): string[] {
  return [...start.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function sourceOf(of: SubTopology, applicationId: string, topic: string): SourceNode {
  const named = of.sources.find(
    ({ topics, internal }) =>
      !(topics instanceof RegExp) &&
      topics.some((name) => (internal ? internalTopic(applicationId, name) : name) === topic),
  )
  const source =
    named ?? of.sources.find(({ topics }) => topics instanceof RegExp && topic.search(topics) >= 0)
  if (source !== undefined) return source
  throw new FatalError('INTERNAL', `no source of sub-topology '${of.id}' reads topic '${topic}'`)
}
