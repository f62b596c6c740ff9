/** For the tests of this folder: a task over one topic or more, and what it wrote. */
import { asBuffer, bufferOf } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import type { RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import { silentLogger } from '../core/logger.ts'
import type { RecordMetadata } from '../core/record.ts'
import type { RecordView } from '../core/record-view.ts'
import { serdes } from '../core/serde.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { ProcessorNode, SinkNode, SourceNode, SubTopology } from '../topology/nodes.ts'
import type { OperatorContext, OperatorSupplier } from '../topology/operator.ts'
import { ProgramBuilder } from '../topology/program-builder.ts'
import { subTopologies } from '../topology/sub-topologies.ts'
import type { Collector, OutputBytes, TopicLimits } from './collector.ts'
import { DEFAULT_LIMITS } from './collector.ts'
import { MetricsRegistry } from './metrics-registry.ts'
import { Task } from './task.ts'
import type { TaskOptions, TaskStart } from './task-options.ts'

/** A record that a test hands in; text is UTF-8. */
export interface Given {
  readonly key?: string | Buffer | null
  readonly value?: string | Buffer | null
  readonly timestamp?: number
  readonly headers?: RecordHeaders
}

/** A record that a task sent. */
export interface Sent {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: RecordHeaders
  readonly origin: RecordMetadata | undefined
}

export class RecordingCollector implements Collector {
  readonly sent: Sent[] = []
  partitions = 1
  limits: TopicLimits = DEFAULT_LIMITS
  /** What is done about a topic before a dead letter goes there. */
  admitting: (topic: string) => Promise<void> | undefined = () => undefined

  partitionsOf(): number {
    return this.partitions
  }

  limitsOf(): TopicLimits {
    return this.limits
  }

  admit(topic: string): Promise<void> | undefined {
    return this.admitting(topic)
  }

  send(
    topic: string,
    partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders = EMPTY_HEADERS,
    origin?: RecordMetadata,
  ): void {
    const bytes = (data: OutputBytes | null) => (data === null ? null : bufferOf(data))
    this.sent.push({
      topic,
      partition,
      key: bytes(key),
      value: bytes(value),
      timestamp,
      headers,
      origin: origin === undefined ? undefined : { ...origin },
    })
  }

  /** Everything sent so far, as `topic: key=value@timestamp`. */
  get texts(): readonly string[] {
    return this.sent.map(
      ({ topic, key, value, timestamp }) => `${topic}: ${key}=${value}@${timestamp}`,
    )
  }
}

/** Offsets count from `from`. */
export function batchOf(records: readonly Given[], from = 0): RecordView {
  const bytes = (data: string | Buffer | null | undefined): Buffer | null => {
    if (data === null || data === undefined) return null
    return typeof data === 'string' ? Buffer.from(data) : asBuffer(data)
  }
  return {
    count: records.length,
    timestampType: 'CreateTime',
    offset: (index) => from + index,
    timestamp: (index) => records[index]?.timestamp ?? 0,
    key: (index) => bytes(records[index]?.key),
    value: (index) => bytes(records[index]?.value),
    headers: (index) => records[index]?.headers ?? EMPTY_HEADERS,
  }
}

/** Builds a program of sources `in`, processors and sinks, with what tests leave out filled in. */
export class FixtureTopology {
  readonly #builder = new ProgramBuilder()

  source(name: string, options: Partial<SourceNode> = {}): this {
    this.#builder.addSource({
      kind: 'source',
      name,
      topics: [name],
      internal: false,
      key: serdes.string,
      value: serdes.string,
      nullKey: true,
      nullValue: true,
      timestamp: undefined,
      start: undefined,
      decode: undefined,
      ...options,
    })
    return this
  }

  processor(
    name: string,
    parent: string,
    supplier: OperatorSupplier,
    options: Partial<ProcessorNode> = {},
  ): this {
    this.#builder.addProcessor({
      kind: 'processor',
      name,
      parents: [parent],
      supplier,
      stores: [],
      numbers: [],
      addressed: false,
      mayBeAsync: false,
      ...options,
    })
    return this
  }

  sink(name: string, parent: string, options: Partial<SinkNode> = {}): this {
    this.#builder.addSink({
      kind: 'sink',
      name,
      parents: [parent],
      topic: name,
      internal: false,
      key: serdes.string,
      value: serdes.string,
      partition: undefined,
      keyTail: 0,
      headers: undefined,
      timestamp: undefined,
      addressed: false,
      ...options,
    })
    return this
  }

  store(spec: StoreSpec): this {
    this.#builder.addStore(spec)
    return this
  }

  build(): SubTopology {
    const [first] = subTopologies(this.#builder.program())
    if (first === undefined) throw new RangeError('a topology needs a source')
    return first
  }
}

/** Lets everything pass, and shows its context. */
export function pass(look: (context: OperatorContext) => void = () => undefined): OperatorSupplier {
  return (context) => {
    look(context)
    return { process: context.forward }
  }
}

/** A task whose topics have nothing but what a test pipes in. */
export class FixtureTask {
  readonly collector: RecordingCollector
  readonly metrics: MetricsRegistry
  readonly task: Task
  readonly #ends = new Map<string, number>()

  constructor(subTopology: SubTopology, options: Partial<TaskOptions> = {}) {
    this.collector = new RecordingCollector()
    this.metrics = new MetricsRegistry()
    const clock: Clock = { ...systemClock, now: () => 0 }
    const topics = subTopology.sources.flatMap(({ topics: of }) =>
      of instanceof RegExp ? [] : [...of],
    )
    const start = new Map<string, TaskStart>(
      topics.map((topic) => [topic, { offset: 0, metadata: '' }]),
    )
    this.task = new Task({
      id: `${subTopology.id}_0`,
      subTopology,
      partition: 0,
      applicationId: 'app',
      start,
      state: undefined,
      collector: this.collector,
      clock,
      logger: silentLogger,
      metrics: this.metrics,
      ...options,
    })
    for (const [topic, { offset }] of options.start ?? start) this.#ends.set(topic, offset)
  }

  /** Appends records to a topic, and hands them to the task. */
  add(topic: string, ...records: readonly Given[]): void {
    const from = this.#ends.get(topic) ?? 0
    this.#ends.set(topic, from + records.length)
    this.task.addBatch(topic, batchOf(records, from), 0, from + records.length)
  }

  /** Processes what is queued. */
  async run(): Promise<void> {
    while (this.task.queuedRecords > 0) await this.task.processOne()
  }

  async pipe(topic: string, ...records: readonly Given[]): Promise<void> {
    this.add(topic, ...records)
    await this.run()
  }

  /** All steps of a commit. */
  async commit(): Promise<void> {
    await this.task.emitBeforeCommit()
    this.task.committed(this.task.freeze(), new Map())
  }

  dropped(reason: 'decode' | 'process' | 'produce' | 'late'): number {
    return this.metrics.get('millrace_task_dropped_records_total', { reason })
  }
}
