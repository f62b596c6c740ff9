/**
 * The loop of one member: fetched records → tasks → commit, until it is stopped or cannot go on.
 *
 * 1. One thing at a time: nothing is processed during a commit, a join or a rewind, so a span has one
 *    beginning and one end.
 * 2. It yields a macrotask at least every few milliseconds of work, and sleeps when there is none.
 * 3. What went wrong is decided by the class of the error, in recovery.ts.
 */
import { FatalError } from '../core/errors.ts'
import { lagOf, statusOf } from './active-task.ts'
import { Drain } from './drain.ts'
import { Ownership } from './ownership.ts'
import { PauseWatch } from './pause-watch.ts'
import { ProgressReporter } from './progress.ts'
import { Recovery } from './recovery.ts'
import { SLICE_MS, Slice } from './slice.ts'
import type { StopResult, TaskStatus } from './status.ts'
import { TwinWatch } from './twin-watch.ts'
import { Wakeup } from './wakeup.ts'
import { type Clients, createClients, startIdOf, type WorkerOptions } from './worker-parts.ts'

/** Unacknowledged output that makes processing wait. */
const OUTPUT_LIMIT_BYTES = 33_554_432
/** Longest sleep of the loop: what nobody announced is seen then. */
const LONGEST_WAIT_MS = 500

export type StopMode = 'commit' | 'drain' | 'abort'

export class Worker {
  readonly progress: ProgressReporter
  readonly #options: WorkerOptions
  readonly #clients: Clients
  readonly #own: Ownership
  readonly #slice: Slice
  readonly #recovery: Recovery
  readonly #drain: Drain
  readonly #twins: TwinWatch
  readonly #pauses: PauseWatch
  readonly #wakeup: Wakeup
  readonly #halt = new AbortController()
  readonly #ahead: boolean
  #stop: StopMode | undefined
  #paused = false
  #commitRequested = false
  #nextCommit: number
  #nextPush = 0
  #message = 'starting'

  constructor(options: WorkerOptions) {
    const { clock, settings, random } = options
    this.#options = options
    this.#ahead = settings.guarantee === 'at-most-once'
    this.#wakeup = new Wakeup(clock)
    this.#nextCommit = clock.monotonic() + settings.commitIntervalMs
    this.progress = new ProgressReporter({
      clock,
      name: settings.applicationId,
      runId: startIdOf(random).toString('hex'),
      keep: settings.recentProgress,
    })
    this.#clients = createClients(options)
    this.#own = new Ownership(options, this.#clients, this.progress, {
      halt: this.#halt.signal,
      wake: () => this.#wakeup.wake(),
      requestCommit: () => {
        this.#commitRequested = true
      },
    })
    this.#slice = new Slice({
      clock,
      taskTimeoutMs: settings.taskTimeoutMs,
      interrupted: () => this.#interrupted(),
    })
    this.#recovery = new Recovery(options, this.#own, this.#slice, this.#halt.signal)
    this.#drain = new Drain(this.#clients.admin, this.#own.table, this.#own.parts.intake)
    this.#twins = new TwinWatch(clock, settings.sessionTimeoutMs)
    this.#pauses = new PauseWatch(clock, settings.sessionTimeoutMs)
  }

  /** Resolves when it was stopped; rejects with what it cannot go on with. */
  async run(): Promise<StopResult> {
    try {
      while (!(await this.#over())) {
        try {
          await this.#turn()
          this.#recovery.calm()
        } catch (error) {
          if (this.#stop === 'abort' || this.#halt.signal.aborted) break
          await this.#recovery.react(error)
        }
      }
      return await this.#finish()
    } catch (error) {
      this.#halt.abort()
      throw error
    } finally {
      this.#message = 'closing'
      await this.#close()
    }
  }

  /** `abort` drops the open span; the others commit it. A later call may only be harder. */
  stop(mode: StopMode): void {
    this.#stop = mode
    // Nothing that waits for the cluster may keep it from being stopped.
    if (mode === 'abort') this.#halt.abort()
    else if (this.#own.group.fence === undefined) void this.#own.group.close()
    this.#wakeup.wake()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wakeup.wake()
  }

  get message(): string {
    return this.#message
  }

  get isDataAvailable(): boolean {
    return this.#own.table.all().some((active) => lagOf(active) > 0)
  }

  tasks(): readonly TaskStatus[] {
    return this.#own.table.all().map(statusOf)
  }

  async #turn(): Promise<void> {
    const { clock } = this.#options
    if (this.#own.lost) return this.#own.lose()
    if (this.#own.joinDue || this.#twins.due) return this.#rebalance()
    if (this.#pauses.check()) await this.#own.group.heartbeat()
    await this.#own.place()
    const until = clock.monotonic() + SLICE_MS
    let worked = await this.#own.parts.restorer.step(until)
    await this.#own.completeRestored()
    if (!this.#paused) worked = (await this.#process(until)) || worked
    if (this.#commitDue()) await this.#commit()
    this.#own.parts.keeper.flushWhenDue()
    this.#report()
    await (worked ? clock.yield() : this.#idle())
  }

  /** The span of this generation is decided before the next one is asked for. */
  async #rebalance(): Promise<void> {
    this.#message = 'committing before a rebalance'
    if (this.#ahead) while ((await this.#run(Number.POSITIVE_INFINITY)) > 0);
    if ((await this.#own.commit()) === 'unsettled') await this.#own.lose()
    this.#message = 'joining the group'
    const assignment = await this.#own.join()
    this.#twins.note(assignment.error)
    if (assignment.error === 'other-topology')
      this.#options.logger.warn(
        {},
        "the group's leader runs another version of the topology: this instance gets no tasks until those of the other version are gone",
      )
    this.#nextCommit = this.#options.clock.monotonic() + this.#options.settings.commitIntervalMs
  }

  async #process(until: number): Promise<boolean> {
    const running = this.#own.table.running()
    if (running.length === 0) return false
    let processed = 0
    if (this.#ahead) processed = await this.#run(until)
    if (processed === 0) {
      const taken = this.#own.parts.intake.take()
      this.progress.received(taken)
      if (this.#ahead && taken > 0) await this.#own.commitAhead()
      processed = await this.#run(until)
    }
    const fired = await this.#slice.punctuate(running, this.#options.clock.now())
    await this.#relieve()
    return processed > 0 || fired
  }

  async #run(until: number): Promise<number> {
    const processed = await this.#slice.run(this.#own.table.running(), until)
    this.progress.processed(processed)
    return processed
  }

  /** Output leaves in time, and is waited for when there is too much of it on its way. */
  async #relieve(): Promise<void> {
    const { transactions, outputs } = this.#clients
    const now = this.#options.clock.monotonic()
    if (outputs !== undefined && now >= this.#nextPush) {
      this.#nextPush = now + this.#options.settings.lingerMs
      outputs.push()
    }
    const producer = outputs ?? transactions
    if (producer !== undefined && producer.bufferedBytes > OUTPUT_LIMIT_BYTES)
      await producer.drain(OUTPUT_LIMIT_BYTES / 2)
  }

  #interrupted(): boolean {
    return (
      this.#own.lost ||
      this.#own.joinDue ||
      this.#stop === 'commit' ||
      this.#own.parts.keeper.overlayBytes > this.#options.settings.overlayBytes
    )
  }

  #commitDue(): boolean {
    if (this.#own.table.running().length === 0) return false
    return (
      this.#commitRequested ||
      this.#options.clock.monotonic() >= this.#nextCommit ||
      this.#own.parts.keeper.overlayBytes > this.#options.settings.overlayBytes
    )
  }

  async #commit(): Promise<void> {
    const { clock, settings, hooks } = this.#options
    this.#message = 'committing'
    this.#commitRequested = false
    const began = clock.monotonic()
    await this.#own.commit()
    // From the beginning of this one, so that the rhythm does not drift by what commits take.
    this.#nextCommit = Math.max(began + settings.commitIntervalMs, clock.monotonic())
    const { purge, committer } = this.#own.parts
    if (purge.due) {
      await purge.run(this.#own.table.running(), committer.offsets)
      await hooks.at('purged')
    }
    this.#message = 'processing'
  }

  async #idle(): Promise<void> {
    const { clock } = this.#options
    const now = clock.monotonic()
    let delay = Math.min(LONGEST_WAIT_MS, this.progress.dueIn, this.#nextCommit - now)
    const wall = clock.now()
    for (const { task } of this.#own.table.running())
      delay = Math.min(delay, task.nextPunctuation - wall)
    const waits = new AbortController()
    const wake = (): void => this.#wakeup.wake()
    const ms = Math.max(1, delay)
    if (!this.#paused) void this.#clients.fetcher.wait(ms, waits.signal).then(wake)
    if (this.#own.parts.restorer.active)
      void this.#own.parts.restorer.wait(ms, waits.signal).then(wake)
    await this.#wakeup.wait(ms)
    waits.abort()
  }

  #report(): void {
    if (!this.progress.due) return
    const tasks = this.#own.table.running()
    const progress = this.progress.report({
      streamTimes: tasks.map(({ task }) => task.streamTime),
      stores: tasks.flatMap(({ state }) => state?.rowCounts() ?? []),
      sources: tasks.map((active) => ({ description: active.id, lag: lagOf(active) })),
    })
    this.#options.onProgress(progress)
  }

  async #over(): Promise<boolean> {
    if (this.#halt.signal.aborted) return true
    if (this.#stop !== 'drain') return this.#stop !== undefined
    if (this.#own.joinDue || this.#own.table.restoring().length > 0) return false
    try {
      if (!(await this.#drain.done())) return false
      await this.#commit()
      return !(await this.#drain.grown())
    } catch (error) {
      await this.#recovery.react(error)
      return false
    }
  }

  /** The last commit; what cannot be committed is dropped and comes again at the next start. */
  async #finish(): Promise<StopResult> {
    const left = (): number =>
      this.#own.table.all().reduce((sum, { task }) => sum + (task?.queuedRecords ?? 0), 0)
    if (this.#stop === 'abort' || this.#halt.signal.aborted)
      return { drained: false, aborted: true, leftBehind: left() }
    this.#message = 'committing before the stop'
    try {
      if (this.#ahead) while ((await this.#run(Number.POSITIVE_INFINITY)) > 0);
      const outcome = await this.#own.commit()
      const leftBehind = left()
      return { drained: leftBehind === 0, aborted: outcome === 'unsettled', leftBehind }
    } catch (error) {
      if (error instanceof FatalError) throw error
      this.#options.logger.warn({ error }, 'the last span could not be committed and is dropped')
      return { drained: false, aborted: true, leftBehind: left() }
    }
  }

  async #close(): Promise<void> {
    const { client, fetcher, restoring, transactions, outputs } = this.#clients
    this.#pauses.close()
    await this.#own.close()
    for (const part of [fetcher, restoring, transactions, outputs, client]) await part?.close()
  }
}
