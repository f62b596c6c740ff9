/**
 * The commit, in the order of DESIGN §8; each step is a named crash point.
 *
 * 0. What is emitted once per commit (`emitted`). 1. Freeze (`frozen`). 2. Changelog rows behind the
 * output, everything acknowledged (`produced`). 3. Offsets, with the generation that was captured
 * with the records (`offsets-sent`). 4. EndTxn (`end-sent`, `committed`). 5. Rows become pending
 * (`pending`). What follows, 6 (`written`) and 7 (`purged`), is housekeeping of others.
 *
 * The guarantee is where the output goes: into the transaction, or out at once and acknowledged
 * before the changelog rows and offsets that remember it are written, together, in a transaction.
 * Without state there is nothing to remember but the offsets.
 */
import type { GroupFence, OffsetToCommit } from '../kafka/client/group-fence.ts'
import type { GroupSession } from '../kafka/client/group-session.ts'
import type { IdempotentProducer } from '../kafka/client/idempotent-producer.ts'
import { RefusedRecordError } from '../kafka/client/refused-record-error.ts'
import { partitionKey } from '../kafka/client/topic-partition.ts'
import type { EndOffset, TransactionalProducer } from '../kafka/client/transactional-producer.ts'
import type { RunningTask } from './active-task.ts'
import type { Hooks } from './crash-point.ts'
import type { FrozenSpan } from './frozen-span.ts'

export interface CommitterOptions {
  readonly group: GroupSession
  /** Undefined: the topology keeps no state and the guarantee needs no transaction. */
  readonly transactions: TransactionalProducer | undefined
  /** Undefined under exactly-once, where output goes into the transaction. */
  readonly outputs: IdempotentProducer | undefined
  /** At-most-once: offsets were committed before the span was processed. */
  readonly ahead: boolean
  /** At-most-once, which goes on without a record that was refused; throws if the policy says so. */
  readonly onRefused: (error: RefusedRecordError) => void
  readonly hooks: Hooks
}

const NO_ENDS: ReadonlyMap<string, EndOffset> = new Map()

interface TaskSpan {
  readonly active: RunningTask
  readonly span: FrozenSpan
}

/**
 * What became of a span. `unsettled`: it was not committed, or nobody here knows; the committed
 * offsets have to be read again, and the tail of the changelogs with them.
 */
export type CommitOutcome = 'nothing' | 'committed' | 'unsettled'

export class Committer {
  readonly #options: CommitterOptions
  /** At-most-once: what was committed before it was processed, by partition. */
  readonly #ahead = new Map<string, number>()
  #undecided = false
  /** What was committed last, by partition. */
  readonly offsets: Map<string, number> = new Map()

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /**
   * Commits what these tasks did since the last one, in the generation in which they did it. Throws
   * what the producers and the group throw; then the span has to be given up.
   */
  async commit(
    fence: GroupFence,
    tasks: readonly RunningTask[],
    signal: AbortSignal,
  ): Promise<CommitOutcome> {
    const { hooks, outputs, transactions } = this.#options
    for (const { task } of tasks) await task.emitBeforeCommit()
    await hooks.at('emitted')
    this.#undecided = true
    const spans = freeze(tasks)
    await hooks.at('frozen')
    if (spans.length === 0) {
      this.#undecided = false
      return 'nothing'
    }
    if (outputs !== undefined) await this.#flushOutputs(outputs)
    const ends =
      transactions === undefined
        ? await this.#commitPlain(fence, spans)
        : await this.#commitTransaction(transactions, fence, spans, signal)
    if (ends === undefined) return 'unsettled'
    await hooks.at('committed')
    for (const { active, span } of spans) {
      active.task.committed(span, endsOf(active, ends))
      for (const { topic, partition, offset } of this.#offsetsOf([{ active, span }]))
        this.offsets.set(partitionKey(topic, partition), offset)
    }
    this.#undecided = false
    await hooks.at('pending')
    return 'committed'
  }

  /**
   * At-most-once, before a span is processed: the offsets behind what will be. A failure means that
   * nobody knows whether they are committed, so nothing of it may be processed.
   */
  async commitAhead(
    fence: GroupFence,
    tasks: readonly RunningTask[],
    ahead: (topic: string, partition: number) => number,
  ): Promise<void> {
    this.#undecided = true
    const spans = tasks.map((active) => ({ active, span: active.task.freeze() }))
    for (const { topic, partition } of this.#offsetsOf(spans))
      this.#ahead.set(partitionKey(topic, partition), ahead(topic, partition))
    await this.#options.group.commit(fence, this.#offsetsOf(spans))
    for (const { active, span } of spans) active.task.committed(span, NO_ENDS)
    this.#undecided = false
  }

  /** A span was frozen, its commit failed, and nobody has given it up yet. */
  get undecided(): boolean {
    return this.#undecided
  }

  /** A new assignment, or a rewind: what was ahead before is decided, or given up. */
  forget(): void {
    this.#undecided = false
    this.#ahead.clear()
  }

  /** Offsets never go back behind those that were committed ahead. */
  #offsetsOf(spans: readonly TaskSpan[]): OffsetToCommit[] {
    const positions = spans.flatMap(({ span }) => span.positions)
    if (this.#ahead.size === 0) return positions
    return positions.map((position) => {
      const ahead = this.#ahead.get(partitionKey(position.topic, position.partition)) ?? -1
      return ahead > position.offset ? { ...position, offset: ahead } : position
    })
  }

  async #flushOutputs(outputs: IdempotentProducer): Promise<void> {
    for (;;) {
      try {
        return await outputs.flush()
      } catch (error) {
        // All others are acknowledged by now, so the next flush begins without this one.
        if (!this.#options.ahead || !(error instanceof RefusedRecordError)) throw error
        this.#options.onRefused(error)
      }
    }
  }

  async #commitPlain(
    fence: GroupFence,
    spans: readonly TaskSpan[],
  ): Promise<ReadonlyMap<string, EndOffset>> {
    const { hooks, group, ahead } = this.#options
    await hooks.at('produced')
    if (!ahead) await passing(group.commit(fence, this.#offsetsOf(spans)), hooks, 'offsets-sent')
    return NO_ENDS
  }

  /** Where the changelogs ended when it was decided; undefined when it was not committed here. */
  async #commitTransaction(
    transactions: TransactionalProducer,
    fence: GroupFence,
    spans: readonly TaskSpan[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, EndOffset> | undefined> {
    const { hooks } = this.#options
    for (const { active, span } of spans) sendRows(transactions, active, span)
    await transactions.flush()
    await hooks.at('produced')
    const offsets = this.#offsetsOf(spans)
    // Never empty, for each task has inputs: a request without partitions would be no fence.
    await transactions.sendOffsets(fence, offsets)
    await hooks.at('offsets-sent')
    const ends = new Map(transactions.endOffsets())
    const outcome = await passing(transactions.end('commit', signal), hooks, 'end-sent')
    return outcome === 'committed' ? ends : undefined
  }
}

/** Step 1; what nothing happened to is decided at once. */
function freeze(tasks: readonly RunningTask[]): readonly TaskSpan[] {
  const spans: TaskSpan[] = []
  for (const active of tasks) {
    const span = active.task.freeze()
    if (span.dirty) spans.push({ active, span })
    else active.task.committed(span, NO_ENDS)
  }
  return spans
}

/** Changelog rows go to the task's own partition, without headers, with the row's time. */
function sendRows(
  transactions: TransactionalProducer,
  { task, changelogs }: RunningTask,
  { changelog }: FrozenSpan,
): void {
  for (const { store, topic } of changelogs)
    changelog?.of(store, (key, value, timestamp) => {
      transactions.send(topic, task.partition, key, value, timestamp)
    })
}

/** By store, for the changelogs that were written to. */
function endsOf(
  { task, changelogs }: RunningTask,
  ends: ReadonlyMap<string, EndOffset>,
): ReadonlyMap<string, EndOffset> {
  const found = new Map<string, EndOffset>()
  for (const { store, topic } of changelogs) {
    const end = ends.get(partitionKey(topic, task.partition))
    if (end !== undefined) found.set(store, end)
  }
  return found
}

/** Passes a crash point while a request is on its way. */
async function passing<T>(answer: Promise<T>, hooks: Hooks, point: 'offsets-sent' | 'end-sent') {
  // Whoever dies here never looks at the answer, which must not be an unhandled rejection.
  answer.catch(() => undefined)
  await hooks.at(point)
  return answer
}
