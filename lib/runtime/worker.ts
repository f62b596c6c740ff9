/**
 * The loop of one member: turn after turn until it is stopped or cannot go on, then the last commit
 * and the end of everything it opened. What is done about errors is recovery.ts.
 */
import { isoTime, type Timer } from '../core/clock.ts'
import { FatalError, messageOf } from '../core/errors.ts'
import { lagOf, statusOf } from './active-task.ts'
import { Drain } from './drain.ts'
import { Ownership } from './ownership.ts'
import { ProgressReporter } from './progress.ts'
import { Recovery } from './recovery.ts'
import type { StopResult, TaskStatus } from './status.ts'
import { Turns } from './turns.ts'
import { Wakeup } from './wakeup.ts'
import { type Clients, createClients, startIdOf, type WorkerOptions } from './worker-parts.ts'

/** For saying goodbye to the cluster when the end was forced. */
const FORCED_MS = 1000

export type StopMode = 'commit' | 'drain' | 'abort'

export class Worker {
  readonly progress: ProgressReporter
  readonly #options: WorkerOptions
  readonly #clients: Clients
  readonly #own: Ownership
  readonly #turns: Turns
  readonly #recovery: Recovery
  readonly #drain: Drain
  readonly #wakeup: Wakeup
  readonly #halt = new AbortController()
  /** Ends what is still tried after the end was forced. */
  readonly #goodbye = new AbortController()
  #stop: StopMode | undefined
  /** Set once the end was forced. */
  #cut: Timer | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(options: WorkerOptions) {
    const { clock, settings, random } = options
    this.#options = options
    this.#wakeup = new Wakeup(clock)
    this.progress = new ProgressReporter({
      clock,
      name: settings.applicationId,
      runId: startIdOf(random).toString('hex'),
      keep: settings.recentProgress,
    })
    const { progress } = this
    this.#clients = createClients(options)
    this.#own = new Ownership(options, this.#clients, progress, {
      halt: this.#halt.signal,
      wake: () => this.#wakeup.wake(),
      requestCommit: () => {
        this.#turns.commitRequested = true
      },
    })
    this.#turns = new Turns({
      worker: options,
      clients: this.#clients,
      own: this.#own,
      progress,
      wakeup: this.#wakeup,
    })
    this.#recovery = new Recovery(options, this.#own, this.#turns.slice, this.#halt.signal)
    this.#drain = new Drain(this.#clients.admin, this.#own.table, this.#own.parts.intake)
  }

  /** Resolves when it was stopped; rejects with what it cannot go on with. */
  async run(): Promise<StopResult> {
    try {
      while (!(await this.#over())) {
        try {
          await this.#turns.turn()
          this.#recovery.calm()
        } catch (error) {
          if (this.#halt.signal.aborted || this.#stoppedOutside()) break
          await this.#recovery.react(error)
        }
      }
      return await this.#finish()
    } catch (error) {
      this.#force()
      throw error
    } finally {
      this.#turns.message = 'closing'
      await this.#close()
    }
  }

  /** `abort` drops the open span; the others commit it. A later call may only be harder. */
  stop(mode: StopMode): void {
    this.#stop = mode
    this.#turns.hurried = mode === 'commit'
    // Nothing that waits for the cluster may keep it from being stopped.
    if (mode === 'abort') this.#force()
    else if (this.#own.group.fence === undefined) void this.#own.group.close()
    this.#wakeup.wake()
  }

  /** Something outside of the loop went wrong that ends the instance. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#force()
    this.#wakeup.wake()
  }

  pause(): void {
    this.#turns.paused = true
  }

  resume(): void {
    this.#turns.paused = false
    this.#wakeup.wake()
  }

  get message(): string {
    const { unstableSince } = this.#own.group
    if (unstableSince === undefined) return this.#turns.message
    return `waiting since ${isoTime(unstableSince)} for the transaction of another process that holds the committed offsets`
  }

  get isDataAvailable(): boolean {
    return this.#own.table.all().some((active) => lagOf(active) > 0)
  }

  tasks(): readonly TaskStatus[] {
    return this.#own.table.all().map(statusOf)
  }

  /** The inner stores of that name, of tasks that run here. */
  stores(name: string): readonly unknown[] {
    return this.#own.table.running().flatMap(({ state, plan }) => {
      const has = plan.subTopology.stores.some((store) => store.name === name)
      return has && state !== undefined ? [state.store(name)] : []
    })
  }

  /** Stopped while it was no member: there is nothing to commit, and joining was given up. */
  #stoppedOutside(): boolean {
    return this.#stop !== undefined && this.#own.group.fence === undefined
  }

  async #over(): Promise<boolean> {
    if (this.#halt.signal.aborted) return true
    if (this.#stop !== 'drain') return this.#stop !== undefined
    if (this.#own.joinDue || this.#own.table.restoring().length > 0) return false
    try {
      if (!(await this.#drain.done())) return false
      await this.#turns.commit()
      // A span that is not settled was rewound: its input is still to be processed.
      if (this.#own.table.restoring().length > 0) return false
      return !(await this.#drain.grown())
    } catch (error) {
      await this.#recovery.react(error)
      return false
    }
  }

  /** The last commit; what cannot be committed is dropped and comes again at the next start. */
  async #finish(): Promise<StopResult> {
    if (this.#failure !== undefined) throw this.#failure.error
    // The last commit failed and the group has gone on: nobody can decide that span any more.
    const dropped = this.#own.parts.committer.undecided
    if (this.#halt.signal.aborted || dropped)
      return { drained: false, aborted: true, leftBehind: this.#queued() }
    this.#turns.message = 'committing before the stop'
    this.#turns.hurried = false
    try {
      await this.#turns.processAhead()
      const outcome = await this.#own.commit()
      const leftBehind = this.#queued()
      return { drained: leftBehind === 0, aborted: outcome === 'unsettled', leftBehind }
    } catch (error) {
      if (error instanceof FatalError) throw error
      this.#options.logger.warn({ error }, 'the last span could not be committed and is dropped')
      return { drained: false, aborted: true, leftBehind: this.#queued() }
    }
  }

  #queued(): number {
    return this.#own.table.all().reduce((sum, { task }) => sum + (task?.queuedRecords ?? 0), 0)
  }

  /** Waits end now; what still waits for the cluster after a moment is cut off from it. */
  #force(): void {
    this.#halt.abort()
    this.#cut ??= this.#options.clock.timer(FORCED_MS, () => {
      this.#goodbye.abort()
      void this.#disconnect()
    })
  }

  async #close(): Promise<void> {
    const { transactions } = this.#clients
    this.#turns.close()
    // Else others would wait for the broker to time the open transaction out.
    if (transactions?.inTransaction === true)
      await transactions.end('abort', this.#goodbye.signal).catch((error: unknown) => {
        this.#options.logger.debug({ reason: messageOf(error) }, 'the open transaction stays open')
      })
    await this.#own.close()
    await this.#disconnect()
    this.#cut?.cancel()
  }

  async #disconnect(): Promise<void> {
    const { client, fetcher, restoring, transactions, outputs } = this.#clients
    for (const part of [this.#own.group, fetcher, restoring, transactions, outputs, client])
      await part?.close()
  }
}
