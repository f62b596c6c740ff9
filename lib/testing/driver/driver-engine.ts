/**
 * What stands in for the worker: tasks of every sub-topology over one partition each, and a commit
 * whenever they have nothing left to do. Everything else is the runtime's own code.
 *
 * 1. One call at a time; a second one waits for the first.
 * 2. An error ends it, as it would end an instance: later calls meet the same error.
 * 3. A span is one transaction of all tasks: what it wrote is there once it has committed.
 */
import type { ErrorPolicies } from '../../core/errors.ts'
import { ConfigError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import { seededRandom } from '../../core/random.ts'
import { DEFAULT_LIMITS } from '../../runtime/collector.ts'
import { deadLetterTopics } from '../../runtime/error-policy.ts'
import { MetricsRegistry } from '../../runtime/metrics-registry.ts'
import { checkOffsetMetadata } from '../../runtime/offset-metadata.ts'
import { Task } from '../../runtime/task.ts'
import type { TaskStart } from '../../runtime/task-options.ts'
import { memoryByteStore } from '../../state/memory.ts'
import { TaskState } from '../../state/task-state.ts'
import { internalTopic } from '../../topology/names.ts'
import type { Program, SourceNode, SubTopology } from '../../topology/nodes.ts'
import { subTopologies } from '../../topology/sub-topologies.ts'
import { ManualClock } from './manual-clock.ts'
import type { StoredRecord } from './memory-topics.ts'
import { MemoryTopics } from './memory-topics.ts'

/** Internal topics have its name in front. */
export const DRIVER_APPLICATION = 'driver'

export interface EngineOptions {
  readonly now: number
  readonly maxFutureSkewMs: number | undefined
  readonly errors: ErrorPolicies
  /** Also after each record of a repartition topic, as Kafka Streams' own test driver does. */
  readonly commitEachRecord: boolean
}

/** An option of the driver for the conformance cases, which were recorded that way. */
export const COMMIT_EACH_RECORD: unique symbol = Symbol('commit each record')

/** A sub-topology, its only task, and how far its topics were handed to it. */
interface Lane {
  readonly subTopology: SubTopology
  readonly delivered: Map<string, number>
  readonly state: TaskState | undefined
  task: Task
}

export class DriverEngine {
  readonly topics: MemoryTopics = new MemoryTopics()
  readonly metrics: MetricsRegistry = new MetricsRegistry()
  readonly clock: ManualClock
  readonly #options: EngineOptions
  readonly #subTopologies: readonly SubTopology[]
  readonly #lanes: Lane[] = []
  #last: Promise<unknown> = Promise.resolve()
  #opened = false
  #failure: { readonly error: unknown } | undefined

  /** Throws a ConfigError for a program that cannot run. */
  constructor(program: Program, options: EngineOptions) {
    this.#options = options
    this.#subTopologies = subTopologies(program)
    for (const of of this.#subTopologies) checkOffsetMetadata(of, DRIVER_APPLICATION)
    this.clock = new ManualClock(options.now)
  }

  /** Appends a record to a topic that the program reads, and processes it to the end. */
  pipe(topic: string, record: StoredRecord): Promise<void> {
    return this.#turn(async () => {
      await this.#join(topic)
      this.topics.append(topic, record)
      await this.#settle()
    })
  }

  /** What is queued, what is due, then a commit. */
  trigger(): Promise<void> {
    return this.#turn(() => this.#settle())
  }

  advance(byMs: number): Promise<void> {
    return this.#turn(async () => {
      this.clock.advance(byMs)
      const now = this.clock.now()
      for (const { task } of this.#lanes) await task.punctuate(now)
      await this.#settle()
    })
  }

  /** Runs something between two spans, over the state that has the store. */
  query<R>(store: string, ask: (state: TaskState) => R | Promise<R>): Promise<R> {
    return this.#turn(() => {
      for (const { state, subTopology } of this.#lanes)
        if (state !== undefined && subTopology.stores.some(({ name }) => name === store))
          return ask(state)
      throw new ConfigError('INVALID_OPTION', `no processor of this topology has store '${store}'`)
    }, true)
  }

  /** Whole name of a topic that the program reads, internal or not. */
  reads(topic: string): boolean {
    return this.#subTopologies.some((of) => of.sources.some((source) => isRead(source, topic)))
  }

  /** Whether anything in the program may write to the topic, as far as names say. */
  writes(topic: string): boolean {
    const { errors } = this.#options
    const nodes = this.#subTopologies.flatMap((of) => of.nodes)
    const decodes = nodes.map((node) => (node.kind === 'source' ? node.decode : undefined))
    const policies = [errors.decode, errors.process, errors.produce, ...decodes]
    if (policies.some((policy) => typeof policy === 'function')) return true
    if (deadLetterTopics(errors, decodes).has(topic)) return true
    const changelogs = this.#subTopologies.flatMap((of) => of.stores.map((spec) => spec.changelog))
    if (changelogs.some((of) => of !== undefined && nameOf(of.topic, true) === topic)) return true
    return nodes.some(
      (node) =>
        node.kind === 'sink' &&
        (typeof node.topic !== 'string' || nameOf(node.topic, node.internal) === topic),
    )
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined)
    for (const { task, state } of this.#lanes.splice(0)) {
      await task.close()
      await state?.close(this.#failure === undefined)
    }
    this.#failure ??= {
      error: new ConfigError('STOPPED', 'the driver is closed: make another one'),
    }
  }

  /** `evenFailed`: rows and topics can be looked at after an error. */
  #turn<R>(work: () => R | Promise<R>, evenFailed = false): Promise<R> {
    const turn = this.#last.then(async () => {
      if (this.#failure !== undefined && !evenFailed) throw this.#failure.error
      try {
        await this.#open()
        return await work()
      } catch (error) {
        if (!evenFailed) this.#fail(error)
        throw error
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.topics.abort()
    for (const { state } of this.#lanes) state?.abort()
  }

  async #open(): Promise<void> {
    if (this.#opened) return
    this.#opened = true
    for (const subTopology of this.#subTopologies) {
      const state = await this.#openState(subTopology)
      const start = new Map<string, TaskStart>()
      for (const { topics, internal } of subTopology.sources)
        if (!(topics instanceof RegExp))
          for (const topic of topics)
            start.set(nameOf(topic, internal), { offset: 0, metadata: '' })
      const task = this.#makeTask(subTopology, state, start)
      this.#lanes.push({ subTopology, state, task, delivered: new Map(offsetsOf(start)) })
    }
  }

  async #openState(of: SubTopology): Promise<TaskState | undefined> {
    if (of.stores.length === 0) return undefined
    const task = `${of.id}_0`
    return await TaskState.open({
      byteStore: memoryByteStore(),
      stores: of.stores,
      identity: {
        application: DRIVER_APPLICATION,
        clusterId: DRIVER_APPLICATION,
        task,
        topicIds: new Map(),
      },
      bootId: DRIVER_APPLICATION,
      clock: this.clock,
      random: seededRandom(0),
      logger: silentLogger,
      maxRowBytes: () => DEFAULT_LIMITS.maxMessageBytes,
    })
  }

  #makeTask(
    subTopology: SubTopology,
    state: TaskState | undefined,
    start: ReadonlyMap<string, TaskStart>,
  ): Task {
    const { maxFutureSkewMs, errors } = this.#options
    return new Task({
      id: `${subTopology.id}_0`,
      subTopology,
      partition: 0,
      applicationId: DRIVER_APPLICATION,
      start,
      state,
      collector: this.topics,
      clock: this.clock,
      logger: silentLogger,
      metrics: this.metrics,
      errors,
      ...(maxFutureSkewMs === undefined ? {} : { maxFutureSkewMs }),
    })
  }

  /** A topic that matches a pattern is found when it is first written: its task is made anew. */
  async #join(topic: string): Promise<void> {
    for (const lane of this.#lanes) {
      const { subTopology, state, delivered } = lane
      if (delivered.has(topic)) return
      if (!subTopology.sources.some((source) => isRead(source, topic))) continue
      const span = lane.task.freeze()
      const start = new Map<string, TaskStart>(
        span.positions.map(({ topic: of, offset, metadata }) => [of, { offset, metadata }]),
      )
      await lane.task.close()
      state?.abort()
      delivered.set(topic, 0)
      lane.task = this.#makeTask(subTopology, state, start.set(topic, { offset: 0, metadata: '' }))
      return
    }
  }

  /** Until there is nothing left, in any topic that the program reads. */
  async #settle(): Promise<void> {
    do {
      for (const lane of this.#lanes) this.#deliver(lane)
      for (const { task } of this.#lanes) await this.#process(task)
      await this.#commit()
    } while (this.#lanes.some((lane) => this.#owes(lane)))
  }

  async #process(task: Task): Promise<void> {
    while (task.queuedRecords > 0 && task.readyToProcess(this.clock.now())) {
      await task.processOne()
      if (this.#options.commitEachRecord) await this.#commit()
    }
  }

  #deliver({ task, delivered }: Lane): void {
    for (const [topic, from] of delivered) {
      const end = this.topics.end(topic)
      if (end > from) task.addBatch(topic, this.topics.view(topic, from), 0, end)
      delivered.set(topic, end)
      task.setEnd(topic, { position: end, lastStableOffset: end, highWatermark: end })
    }
  }

  #owes({ delivered }: Lane): boolean {
    for (const [topic, from] of delivered) if (this.topics.end(topic) > from) return true
    return false
  }

  /** Steps 0 to 6 of a commit, for all tasks together. */
  async #commit(): Promise<void> {
    for (const { task } of this.#lanes) await task.emitBeforeCommit()
    const spans = this.#lanes.map((lane) => ({ lane, span: lane.task.freeze() }))
    this.topics.commit()
    for (const { lane, span } of spans) {
      for (const { topic, ...row } of span.changelog ?? [])
        this.topics.changelog(internalTopic(DRIVER_APPLICATION, topic), row)
      const ends = new Map<string, { readonly offset: number; readonly leaderEpoch: number }>()
      for (const { name, changelog } of lane.subTopology.stores)
        if (changelog !== undefined) {
          const topic = internalTopic(DRIVER_APPLICATION, changelog.topic)
          ends.set(name, { offset: this.topics.end(topic), leaderEpoch: -1 })
        }
      lane.task.committed(span, ends)
      await lane.state?.flush()
    }
  }
}

function nameOf(topic: string, internal: boolean): string {
  return internal ? internalTopic(DRIVER_APPLICATION, topic) : topic
}

function isRead({ topics, internal }: SourceNode, topic: string): boolean {
  return topics instanceof RegExp
    ? topic.search(topics) >= 0
    : topics.some((name) => nameOf(name, internal) === topic)
}

function* offsetsOf(start: ReadonlyMap<string, TaskStart>): Iterable<readonly [string, number]> {
  for (const [topic, { offset }] of start) yield [topic, offset]
}
