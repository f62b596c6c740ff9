/**
 * One sub-topology over one partition: queues, times, the compiled topology, error policies, and
 * what of it commits.
 *
 * 1. It processes one record at a time, synchronously unless something below is not; the caller
 *    waits for the promise before it calls anything else.
 * 2. Whatever a task remembers is a row, a number or a time that a span has; after `abort` it stands
 *    where the last commit left it, with new processors.
 * 3. The state belongs to the caller, who opened it and closes it.
 */
import type { RecordError } from '../core/errors.ts'
import { messageOf } from '../core/errors.ts'
import type { RecordView } from '../core/record-view.ts'
import { AsyncTail } from './async-tail.ts'
import type { LiveNode } from './compile.ts'
import { compile } from './compile.ts'
import { Drops } from './drops.ts'
import { ErrorPolicyTable } from './error-policy.ts'
import { Failures } from './failures.ts'
import type { FrozenSpan } from './frozen-span.ts'
import type { TaskParts } from './node-context.ts'
import { Outputs } from './outputs.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { Punctuators } from './punctuators.ts'
import { TaskInputs } from './task-inputs.ts'
import { TaskNumbers } from './task-numbers.ts'
import type { PartitionEnd, TaskOptions, TaskStart } from './task-options.ts'
import { TaskScope } from './task-scope.ts'
import { Undo } from './undo.ts'
import type { Done } from './units.ts'
import { Units } from './units.ts'

export class Task {
  readonly id: string
  readonly partition: number
  readonly #options: TaskOptions
  readonly #inputs: TaskInputs
  readonly #outputs: Outputs
  readonly #parts: TaskParts
  readonly #units: Units
  /** Records that the broker refused, by topic and offset. */
  readonly #refused = new Map<string, RecordError>()
  #nodes: readonly LiveNode[] = []
  #sentAtCommit = 0

  /** Throws what a supplier throws, as a RecordError of its node. */
  constructor(options: TaskOptions) {
    const { id, partition, applicationId, clock, logger, metrics, collector, state } = options
    this.id = id
    this.partition = partition
    this.#options = options
    const policies = new ErrorPolicyTable(options.errors ?? {})
    const scope = new TaskScope(id, partition, clock, () => this.streamTime)
    const numbers = new TaskNumbers(policies.undoes)
    const outputs = new Outputs(collector, policies.undoes)
    const drops = new Drops(id, metrics, logger)
    const tail = new AsyncTail()
    this.#outputs = outputs
    this.#inputs = new TaskInputs(options, scope, numbers)
    const { group } = this.#inputs
    this.#units = new Units({
      group,
      scope,
      tail,
      outputs,
      numbers,
      undo: policies.undoes ? new Undo(state, numbers, outputs, group) : undefined,
      failures: new Failures({ policies, scope, outputs, collector, drops, logger }),
      lateness: metrics.histogram('millrace_task_record_lateness_seconds', { task: id }),
    })
    this.#parts = {
      applicationId,
      scope,
      state,
      numbers,
      tail,
      streamPunctuators: new Punctuators(),
      wallPunctuators: new Punctuators(),
      drops,
      logger,
      maxCompleteRows: options.maxCompleteRows ?? 1_000_000,
      requestCommit: options.requestCommit ?? ((): void => undefined),
      guard: (node, forward) => this.#units.guard(node, forward),
    }
    this.#make(options.start)
  }

  /** Highest timestamp handed out; -1 before the first record. */
  get streamTime(): number {
    return this.#inputs.group.streamTime
  }

  get queuedRecords(): number {
    return this.#inputs.group.queued
  }

  queuedOf(topic: string): number {
    return this.#inputs.group.of(topic).size
  }

  /** First offset of the topic that is not finished. */
  positionOf(topic: string): number {
    return this.#inputs.group.of(topic).position
  }

  /** When the next wall-clock punctuation is due; Infinity when there is none. */
  get nextPunctuation(): number {
    return this.#parts.wallPunctuators.next
  }

  /** `nextOffset`: where the fetcher goes on behind these records, markers passed. */
  addBatch(topic: string, view: RecordView, firstIndex: number, nextOffset: number): void {
    this.#inputs.group.of(topic).add(view, firstIndex, nextOffset)
  }

  setEnd(topic: string, end: PartitionEnd): void {
    this.#inputs.group.of(topic).setEnd(end)
  }

  /** Whether a record should be processed now (KIP-695). `now` is the wall clock's. */
  readyToProcess(now: number): boolean {
    this.#parts.scope.now = now
    return this.#inputs.group.ready(now)
  }

  /**
   * The oldest head record, to its end, then the stream-time punctuators that it made due. Nothing
   * when nothing is queued. Where a serde is still fetching, a promise of that, and no record yet.
   */
  processOne(): Done {
    const { group } = this.#inputs
    const queue = group.choose()
    if (queue === undefined) return group.preparing
    const done = this.#units.record(queue, this.#refusalOf(queue))
    return done === undefined ? this.#punctuateStream() : this.#punctuateLater(done)
  }

  /** Wall-clock punctuators that are due at `now`. */
  punctuate(now: number): Done {
    this.#parts.scope.now = now
    return this.#parts.wallPunctuators.run(now, (node, call) =>
      this.#units.emission(node, () => call(now)),
    )
  }

  /**
   * Step 0 of a commit. Parents come first, and only records make a node dirty, so after one pass in
   * topological order nothing is.
   */
  async emitBeforeCommit(): Promise<void> {
    for (const { name, operator } of this.#nodes)
      if (operator.beforeCommit !== undefined)
        await this.#units.emission(name, () => operator.beforeCommit?.())
  }

  /** Step 1: what is to be committed, as data. Nothing is processed until `committed` or `abort`. */
  freeze(): FrozenSpan {
    const positions = this.#inputs.freeze()
    const changelog = this.#options.state?.freeze()
    const dirty =
      (changelog?.size ?? 0) > 0 ||
      this.#outputs.sent > this.#sentAtCommit ||
      this.#inputs.moved(positions)
    return { taskId: this.id, positions, changelog, dirty }
  }

  /** Step 5. `ends`: by store, the changelog's next offset behind our rows. */
  committed(
    span: FrozenSpan,
    ends: ReadonlyMap<string, { readonly offset: number; readonly leaderEpoch: number }>,
  ): void {
    const inputs = new Map<string, number>()
    for (const { topic, partition, offset } of span.positions)
      inputs.set(`${topic}/${partition}`, offset)
    this.#options.state?.commit(ends, inputs)
    this.#inputs.committed(span.positions)
    this.#sentAtCommit = this.#outputs.sent
    this.#refused.clear()
  }

  /**
   * Drops what is not committed: queues, rows, times, processors. `start`: where the coordinator
   * says that it stands, when the outcome of the last commit is not known here.
   */
  async abort(start?: ReadonlyMap<string, TaskStart>): Promise<void> {
    this.#parts.tail.clear()
    this.#outputs.rollback(0)
    await this.#closeNodes()
    this.#options.state?.abort()
    this.#sentAtCommit = this.#outputs.sent
    this.#make(start)
  }

  /** A record that the broker refused: when it is met again, the policy for produce errors takes it. */
  refuse(error: RecordError): void {
    const { recordMetadata } = error
    if (recordMetadata === undefined) throw error
    const key = `${recordMetadata.topic}/${recordMetadata.offset}`
    // The record was left out already: it is its dead letter that was refused.
    if (this.#refused.has(key)) throw error
    this.#refused.set(key, error)
  }

  /** Closes the processors; the state is its owner's to close. */
  async close(): Promise<void> {
    this.#parts.tail.clear()
    await this.#closeNodes()
  }

  /** Operators are made over the rows, numbers and times that are there: committed ones. */
  #make(start: ReadonlyMap<string, TaskStart> | undefined): void {
    this.#inputs.rewind(start)
    const { subTopology, collector, metrics } = this.#options
    const parts = this.#parts
    parts.scope.leave()
    parts.scope.making = true
    const { sources, operators } = compile({
      subTopology,
      parts,
      outputs: this.#outputs,
      collector,
      metrics,
    })
    parts.scope.making = false
    this.#nodes = operators
    for (const queue of this.#inputs.group.queues) {
      const entry = sources.get(this.#inputs.sourceOf(queue.topic).name)
      if (entry !== undefined) queue.entry = entry
    }
  }

  #punctuateLater(done: Promise<void>): Promise<void> {
    return done.then(() => this.#punctuateStream())
  }

  #punctuateStream(): Done {
    if (this.streamTime < this.#parts.streamPunctuators.next) return
    return this.#fireStream(this.streamTime)
  }

  #fireStream(streamTime: number): Done {
    return this.#parts.streamPunctuators.run(streamTime, (node, call) =>
      this.#units.emission(node, () => call(streamTime)),
    )
  }

  #refusalOf(queue: PartitionQueue): RecordError | undefined {
    if (this.#refused.size === 0) return undefined
    return this.#refused.get(`${queue.topic}/${queue.head.offset}`)
  }

  async #closeNodes(): Promise<void> {
    const { streamPunctuators, wallPunctuators } = this.#parts
    streamPunctuators.clear()
    wallPunctuators.clear()
    for (const { name, operator } of this.#nodes) {
      try {
        await operator.close?.()
      } catch (error) {
        // The others have to be closed too, and what is committed is committed.
        this.#options.logger.error(
          { task: this.id, node: name },
          `close failed: ${messageOf(error)}`,
        )
      }
    }
    this.#nodes = []
  }
}
