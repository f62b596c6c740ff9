/**
 * One turn of a worker's loop after the other: join when that is due, else place, restore, process,
 * commit, and sleep when there was nothing to do.
 *
 * 1. One thing at a time: nothing is processed during a commit, a join or a rewind, so a span has one
 *    beginning and one end.
 * 2. It yields a macrotask at least every few milliseconds of work.
 */
import { lagOf } from './active-task.ts'
import type { Ownership } from './ownership.ts'
import { PauseWatch } from './pause-watch.ts'
import type { ProgressReporter } from './progress.ts'
import { RowCounts } from './row-counts.ts'
import { SLICE_MS, Slice } from './slice.ts'
import { TwinWatch } from './twin-watch.ts'
import type { Wakeup } from './wakeup.ts'
import type { Clients, WorkerOptions } from './worker-parts.ts'

/** Unacknowledged output that makes processing wait. */
const OUTPUT_LIMIT_BYTES = 33_554_432
/** Longest sleep of the loop: what nobody announced is seen then. */
const LONGEST_WAIT_MS = 500

export interface TurnsOptions {
  readonly worker: WorkerOptions
  readonly clients: Clients
  readonly own: Ownership
  readonly progress: ProgressReporter
  readonly wakeup: Wakeup
}

export class Turns {
  readonly slice: Slice
  /** Input is left where it is. */
  paused = false
  /** The open span is to end soon. */
  hurried = false
  /** A processor asked for a commit. */
  commitRequested = false
  message = 'starting'
  readonly #options: WorkerOptions
  readonly #clients: Clients
  readonly #own: Ownership
  readonly #progress: ProgressReporter
  readonly #wakeup: Wakeup
  readonly #twins: TwinWatch
  readonly #pauses: PauseWatch
  /** At-most-once: offsets are committed before their records are processed. */
  readonly #ahead: boolean
  readonly #rows: RowCounts
  #nextCommit: number
  #nextPush = 0

  constructor({ worker, clients, own, progress, wakeup }: TurnsOptions) {
    const { clock, settings } = worker
    this.#options = worker
    this.#clients = clients
    this.#own = own
    this.#progress = progress
    this.#wakeup = wakeup
    this.#rows = new RowCounts(clock)
    this.#ahead = settings.guarantee === 'at-most-once'
    this.#nextCommit = clock.monotonic() + settings.commitIntervalMs
    this.slice = new Slice({
      clock,
      taskTimeoutMs: settings.taskTimeoutMs,
      interrupted: () => own.lost !== undefined || own.joinDue || this.hurried || this.#full,
    })
    this.#twins = new TwinWatch(clock, settings.sessionTimeoutMs)
    this.#pauses = new PauseWatch(clock, settings.sessionTimeoutMs)
  }

  async turn(): Promise<void> {
    const { clock } = this.#options
    const { lost } = this.#own
    // A twin with our instance id is no reason to join again: the two would throw each other out.
    if (lost?.reaction === 'stop') throw lost
    if (lost !== undefined) return this.#own.lose()
    if (this.#own.joinDue || this.#twins.due) return this.#rebalance()
    if (this.#pauses.check()) await this.#own.group.heartbeat()
    await this.#own.place()
    const until = clock.monotonic() + SLICE_MS
    let worked = await this.#own.parts.restorer.step(until)
    await this.#own.completeRestored()
    if (!this.paused) worked = (await this.#process(until)) || worked
    await this.#relieve()
    if (this.#commitDue) await this.commit()
    this.#own.parts.keeper.flushWhenDue()
    await this.#own.watchTopics()
    this.#report()
    await (worked ? clock.yield() : this.#idle())
  }

  async commit(): Promise<void> {
    const { clock, settings, hooks } = this.#options
    this.message = 'committing'
    this.commitRequested = false
    const began = clock.monotonic()
    await this.#own.commit()
    // From the beginning of this one, so that the rhythm does not drift by what commits take.
    this.#nextCommit = Math.max(began + settings.commitIntervalMs, clock.monotonic())
    const { purge, committer } = this.#own.parts
    if (purge.due) {
      await purge.run(this.#own.table.running(), committer.offsets)
      await hooks.at('purged')
    }
    this.message = 'processing'
  }

  /** At-most-once: what was committed ahead is processed, for it does not come again. */
  async processAhead(): Promise<void> {
    if (this.#ahead) while ((await this.#run(Number.POSITIVE_INFINITY)) > 0);
  }

  /** With a last report, so that the reports of a life add up to what it did. */
  close(): void {
    this.#pauses.close()
    this.#tell()
  }

  /** The span of this generation is decided before the next one is asked for. */
  async #rebalance(): Promise<void> {
    this.message = 'committing before a rebalance'
    await this.processAhead()
    if ((await this.#own.commit()) === 'unsettled') await this.#own.lose()
    this.message = 'joining the group'
    const assignment = await this.#own.join()
    this.#twins.note(assignment.error)
    if (assignment.error === 'other-topology')
      this.#options.logger.warn(
        {},
        "the group's leader runs another version of the topology: this instance gets no tasks until those of the other version are gone",
      )
    const { clock, settings } = this.#options
    this.#nextCommit = clock.monotonic() + settings.commitIntervalMs
    this.message = 'processing'
  }

  async #process(until: number): Promise<boolean> {
    const running = this.#own.table.running()
    if (running.length === 0) return false
    let processed = this.#ahead ? await this.#run(until) : 0
    if (processed === 0) {
      const taken = this.#own.parts.intake.take()
      this.#progress.received(taken)
      if (this.#ahead && taken > 0) await this.#own.commitAhead()
      processed = await this.#run(until)
    }
    const fired = await this.slice.punctuate(running, this.#options.clock.now())
    return processed > 0 || fired
  }

  async #run(until: number): Promise<number> {
    const processed = await this.slice.run(this.#own.table.running(), until)
    this.#progress.processed(processed)
    return processed
  }

  /** Output leaves in time, and is waited for when there is too much of it on its way. */
  async #relieve(): Promise<void> {
    const { transactions, outputs } = this.#clients
    const now = this.#options.clock.monotonic()
    if (outputs?.isFilling === true && now >= this.#nextPush) {
      this.#nextPush = now + this.#options.settings.lingerMs
      outputs.push()
    }
    const producer = outputs ?? transactions
    if (producer !== undefined && producer.bufferedBytes > OUTPUT_LIMIT_BYTES)
      await producer.drain(OUTPUT_LIMIT_BYTES / 2)
  }

  /** More uncommitted rows than memory is meant for. */
  get #full(): boolean {
    return this.#own.parts.keeper.overlayBytes > this.#options.settings.overlayBytes
  }

  get #commitDue(): boolean {
    if (this.#own.table.running().length === 0) return false
    const late = this.#options.clock.monotonic() >= this.#nextCommit
    return late || this.commitRequested || this.#full
  }

  async #idle(): Promise<void> {
    const { clock } = this.#options
    const now = clock.monotonic()
    let delay = Math.min(LONGEST_WAIT_MS, this.#progress.dueIn)
    const wall = clock.now()
    const running = this.#own.table.running()
    for (const { task } of running)
      delay = Math.min(delay, task.nextPunctuation - wall, this.#nextCommit - now)
    // The last output before the input pauses is not to wait for the next record, or the commit.
    if (this.#clients.outputs?.isFilling === true) delay = Math.min(delay, this.#nextPush - now)
    const waits = new AbortController()
    // The abort below ends the other waits: that must not wake the next turn, and all after it.
    const wake = (): void => {
      if (!waits.signal.aborted) this.#wakeup.wake()
    }
    const ms = Math.max(1, delay)
    // What was fetched for tasks that do not run yet is there all the time: it must not wake us.
    if (!this.paused && running.length > 0)
      void this.#clients.fetcher.wait(ms, waits.signal).then(wake)
    const { restorer } = this.#own.parts
    if (restorer.active) void restorer.wait(ms, waits.signal).then(wake)
    await this.#wakeup.wait(ms)
    waits.abort()
  }

  #report(): void {
    if (this.#progress.due) this.#tell()
  }

  #tell(): void {
    const tasks = this.#own.table.running()
    const progress = this.#progress.report({
      streamTimes: tasks.map(({ task }) => task.streamTime),
      stores: this.#rows.of(tasks),
      sources: tasks.map((active) => ({ description: active.id, lag: lagOf(active) })),
    })
    this.#options.onProgress(progress)
  }
}
