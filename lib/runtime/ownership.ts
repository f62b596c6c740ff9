/**
 * What a member owns and what happens to it: joining, restoring, committing, rewinding, losing.
 *
 * 1. A span belongs to one generation: it is committed with the fence under which its tasks were
 *    taken, before the next JoinGroup, or dropped.
 * 2. Whoever may have lost a span reads the committed offsets and the tail of the changelogs again
 *    before anything is processed.
 */
import { FatalError, type RecordError, type StreamsError } from '../core/errors.ts'
import { type GroupFence, isNext } from '../kafka/client/group-fence.ts'
import type { GroupSession, Joined } from '../kafka/client/group-session.ts'
import { RefusedRecordError } from '../kafka/client/refused-record-error.ts'
import type { ActiveTask, RunningTask } from './active-task.ts'
import type { Assignment } from './assignment.ts'
import { type Collaborators, createCollaborators } from './collaborators.ts'
import type { CommitOutcome } from './commit.ts'
import { ProducerClaim } from './producer-claim.ts'
import type { ProgressReporter } from './progress.ts'
import { refusedRecord } from './refused-record.ts'
import { Task } from './task.ts'
import { TaskTable } from './task-table.ts'
import type { TopicView } from './topic-setup.ts'
import { type Clients, createGroup, type WorkerOptions } from './worker-parts.ts'

/** What the loop is told. */
export interface LoopSignals {
  /** Ends every wait: the stop timed out, or everything is being closed. */
  readonly halt: AbortSignal
  readonly wake: () => void
  readonly requestCommit: () => void
}

export class Ownership {
  readonly table: TaskTable = new TaskTable()
  readonly group: GroupSession
  readonly parts: Collaborators
  readonly claim: ProducerClaim
  /** The others are joining, or we are no member yet. */
  joinDue = true
  /** Why the group went on without us, if it did. */
  lost: StreamsError | undefined
  readonly #options: WorkerOptions
  readonly #signals: LoopSignals
  readonly #progress: ProgressReporter
  /** Aborted when the group goes on without us: nothing of this generation can be decided here. */
  #membership = new AbortController()
  #fence: GroupFence | undefined
  #view: TopicView | undefined
  #fresh: ReadonlySet<number> = new Set()

  constructor(
    options: WorkerOptions,
    clients: Clients,
    progress: ProgressReporter,
    signals: LoopSignals,
  ) {
    this.#options = options
    this.claim = new ProducerClaim(clients.transactions)
    this.#signals = signals
    this.#progress = progress
    this.group = createGroup(options, clients, {
      subscription: () => this.parts.membership.subscription(),
      assign: (members) => this.parts.leader.assign(members),
      onRebalance: () => {
        this.joinDue = true
        signals.wake()
      },
      onLost: (error) => {
        this.lost = error
        this.#membership.abort()
        signals.wake()
      },
    })
    this.parts = createCollaborators(options, clients, this.table, this.group, progress)
  }

  /** Enters the next generation and takes what it gives. What runs was committed before. */
  async join(): Promise<Assignment> {
    this.#options.onPhase('rebalancing')
    this.joinDue = false
    try {
      const joined = await this.group.join()
      this.lost = undefined
      this.#membership = new AbortController()
      return await this.#apply(joined)
    } catch (error) {
      this.joinDue = true
      throw error
    }
  }

  /** Places tasks that are not placed yet: their producer, state, offsets, and what they lack. */
  async place(): Promise<void> {
    const fence = this.#fence
    const open = this.table.restoring().filter(({ restore }) => restore === undefined)
    if (fence === undefined || (open.length === 0 && !this.claim.unsettled)) return
    const { starts, restorer } = this.parts
    const { halt } = this.#signals
    await this.claim.settle(fence, halt)
    for (const active of open) await this.#openState(active)
    const isNew = (active: ActiveTask): boolean => active.start.size === 0
    const context = { fence, metadata: this.#topics().metadata, fresh: this.#fresh, signal: halt }
    await starts.reread(
      open.filter((active) => !isNew(active)),
      halt,
    )
    await starts.resolve(open.filter(isNew), context)
    await restorer.begin(open)
  }

  /** Tasks whose stores are complete begin to run, at their offsets, with new processors. */
  async completeRestored(): Promise<void> {
    const complete = this.parts.restorer.complete(this.table.restoring())
    if (complete.length === 0) return
    const anew = new Set<RunningTask>()
    for (const active of complete) {
      if (active.task === undefined) active.task = this.#newTask(active)
      else await active.task.abort(active.start)
      active.state?.markComplete()
      active.phase = 'running'
      active.restore = undefined
      anew.add(active as RunningTask)
    }
    this.table.changed()
    this.parts.intake.assign(anew)
    this.announce()
  }

  /** Says so when every task that was assigned runs. */
  announce(): void {
    if (this.#fence !== undefined && this.table.restoring().length === 0)
      this.#options.onPhase('running')
  }

  /** Throws what stands in the way; the caller then gives the span up. */
  async commit(): Promise<CommitOutcome> {
    const running = this.table.running()
    if (this.#fence === undefined || running.length === 0) return 'nothing'
    const began = this.#options.clock.monotonic()
    const until = AbortSignal.any([this.#signals.halt, this.#membership.signal])
    const outcome = await this.parts.committer.commit(this.#fence, running, until)
    if (outcome === 'unsettled') this.giveUp('recover')
    if (outcome !== 'committed') return outcome
    const tookMs = this.#options.clock.monotonic() - began
    this.#progress.committed(tookMs)
    this.#options.metrics
      .histogram('millrace_worker_commit_latency_seconds', {})
      .observe(tookMs / 1000)
    return outcome
  }

  /** At-most-once: what was taken is committed before it is processed. */
  async commitAhead(): Promise<void> {
    if (this.#fence === undefined) return
    const { committer, intake } = this.parts
    await committer.commitAhead(this.#fence, this.table.running(), (topic, partition) =>
      intake.positionOf(topic, partition),
    )
  }

  /** Joins again when the topics are others than those that the tasks were made of. */
  async watchTopics(): Promise<void> {
    const { watch } = this.parts
    if (!watch.due || this.#view === undefined || !(await watch.changed(this.#view.plan))) return
    this.#options.logger.info({}, 'the source topics have changed: the tasks are shared anew')
    this.joinDue = true
  }

  /** The open span is dropped; its tasks go back to what is committed. */
  giveUp(how: 'abort' | 'recover' = 'abort'): void {
    this.claim.unsettle(how)
    this.#rewind()
  }

  /** A record that the broker refused is met again, and then its policy takes it. */
  refuse(error: RecordError): void {
    const named = error instanceof RefusedRecordError ? refusedRecord(error) : undefined
    const of = named?.recordMetadata
    const task = of === undefined ? undefined : this.table.reader(of)?.task
    if (named === undefined || task === undefined) throw error
    task.refuse(named)
  }

  /** The state of a task cannot be trusted any more. */
  async rebuild(active: ActiveTask, reason: string): Promise<void> {
    this.giveUp()
    await active.task?.close()
    active.task = undefined
    await this.parts.keeper.wipe(active, this.#clusterId(), reason)
  }

  /** Drops everything, commits nothing; stores stay open for when tasks come back. */
  async lose(): Promise<void> {
    this.joinDue = true
    this.lost = undefined
    this.claim.drop()
    this.#fence = undefined
    await this.#remove(this.table.all())
  }

  /** Everything is closed, and the group is told. */
  async close(): Promise<void> {
    await this.#remove(this.table.all())
    await this.parts.keeper.close()
    await this.group.leave()
    await this.group.close()
  }

  #rewind(): void {
    const running = this.table.running()
    for (const active of running) {
      active.state?.abort()
      active.state?.markBehind()
      active.phase = 'restoring'
      active.restore = undefined
    }
    this.table.changed()
    this.parts.committer.forget()
    this.parts.intake.assign(new Set())
  }

  async #apply(joined: Joined): Promise<Assignment> {
    const { membership, setup, limits, collector, committer, intake, restorer } = this.parts
    const assignment = membership.read(joined)
    const view = await setup.look()
    if (assignment.error === 'none') await setup.verify(view)
    await limits.read(setup.outputs(view))
    collector.update(view.metadata)
    this.#view = view
    this.#fresh = new Set(assignment.fresh)
    // Others may have owned them in a generation that was missed.
    if (!isNext(this.#fence, joined.fence)) this.#rewind()
    const { removed, gained } = membership.compare(assignment, view)
    await this.#remove(removed)
    restorer.forget(this.table.restoring())
    for (const active of gained) this.table.add(active)
    this.#fence = joined.fence
    committer.forget()
    intake.assign(new Set())
    this.#options.logger.info(
      {
        generation: joined.fence.generation,
        tasks: this.table.all().map(({ id }) => id),
        gained: gained.map(({ id }) => id),
      },
      'joined the group',
    )
    this.announce()
    return assignment
  }

  async #openState(active: ActiveTask): Promise<void> {
    if (active.state === undefined) await this.parts.keeper.open(active, this.#clusterId())
  }

  async #remove(tasks: readonly ActiveTask[]): Promise<void> {
    this.parts.restorer.forget(tasks)
    for (const active of tasks) {
      this.table.remove(active)
      await active.task?.close()
      this.parts.keeper.release(active)
      this.#options.metrics.forget({ task: active.id })
    }
    if (tasks.length > 0) this.parts.intake.assign(new Set())
  }

  #newTask(active: ActiveTask): Task {
    const { settings, clock, logger, metrics } = this.#options
    return new Task({
      id: active.id,
      subTopology: active.plan.subTopology,
      partition: active.ref.partition,
      applicationId: settings.applicationId,
      start: active.start,
      state: active.state,
      collector: this.parts.collector,
      clock,
      logger,
      metrics,
      errors: settings.errors,
      maxFutureSkewMs: settings.maxFutureSkewMs,
      maxTaskIdleMs: settings.maxTaskIdleMs,
      maxCompleteRows: settings.maxCompleteRows,
      topicIds: active.topicIds,
      requestCommit: this.#signals.requestCommit,
    })
  }

  #topics(): TopicView {
    if (this.#view !== undefined) return this.#view
    throw new FatalError('INTERNAL', 'tasks were placed before the topics were looked up')
  }

  #clusterId(): string {
    return this.#topics().metadata.clusterId ?? ''
  }
}
