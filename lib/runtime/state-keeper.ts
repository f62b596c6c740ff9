/**
 * The states of a member's tasks: opened from disk, kept open over a rebalance for a while, written
 * down when there is enough or it is time, and closed.
 *
 * At most one batch per database is in flight, which `TaskState.flush` sees to; what fails in the
 * background surfaces at the next `check`.
 */
import type { Clock, Timer } from '../core/clock.ts'
import { isStreamsError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { StateDirectory } from '../state/state-directory.ts'
import { TaskState } from '../state/task-state.ts'
import type { ActiveTask } from './active-task.ts'
import type { Hooks } from './crash-point.ts'
import type { MetricsRegistry } from './metrics-registry.ts'
import type { Settings } from './settings.ts'
import { ACTIVE, type OwnedTask } from './user-data.ts'

/** How long the state of a task that went elsewhere stays open, in case it comes back. */
const KEEP_OPEN_MS = 300_000
/** Memory that each open state may count on, however many there are. */
const LEAST_CACHE_BYTES = 1_048_576

export interface StateKeeperOptions {
  readonly directory: StateDirectory
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly hooks: Hooks
  /** The largest value of a changelog row, by whole topic name. */
  readonly maxRowBytes: (topic: string) => number
}

interface Kept {
  readonly state: TaskState
  /** Of its changelog offsets: how much of the task lies here. */
  readonly offsetSum: number
  readonly timer: Timer
}

export class StateKeeper {
  readonly #options: StateKeeperOptions
  readonly #open = new Map<string, TaskState>()
  readonly #kept = new Map<string, Kept>()
  #flushing: Promise<void> | undefined
  #failure: unknown
  #nextFlush: number

  constructor(options: StateKeeperOptions) {
    this.#options = options
    this.#nextFlush = options.clock.monotonic() + options.settings.flushEveryMs
  }

  /** Opens the state of a gained task, or takes back the one that was kept open. */
  async open(active: ActiveTask, clusterId: string): Promise<void> {
    if (active.plan.subTopology.stores.length === 0) return
    const kept = this.#kept.get(active.id)
    if (kept !== undefined) {
      kept.timer.cancel()
      this.#kept.delete(active.id)
      this.#adopt(active, kept.state)
      return
    }
    try {
      this.#adopt(active, await this.#openNew(active, clusterId))
    } catch (error) {
      const damaged = isStreamsError(error) && error.reaction === 'rebuild'
      if (!damaged || this.#options.settings.onUnreadableState === 'refuse') throw error
      this.rebuilt(active, error.code)
      await this.#options.directory.remove(active.id)
      this.#adopt(active, await this.#openNew(active, clusterId))
    }
  }

  /** The state cannot be trusted: an empty one takes its place. */
  async wipe(active: ActiveTask, clusterId: string, reason: string): Promise<void> {
    this.rebuilt(active, reason)
    this.#open.delete(active.id)
    await active.state?.wipe()
    this.#adopt(active, await this.#openNew(active, clusterId))
  }

  rebuilt(active: ActiveTask, reason: string): void {
    active.rebuilt = reason
    this.#options.logger.warn(
      { task: active.id, reason },
      'the state on disk cannot be trusted: it is rebuilt from the changelogs',
    )
    this.#options.metrics.counter('millrace_store_rebuilt_total', { task: active.id, reason }).add()
  }

  /** The task went elsewhere: nothing uncommitted stays, what is pending is written. */
  release(active: ActiveTask): void {
    const { state } = active
    if (state === undefined) return
    state.abort()
    state.markBehind()
    this.#open.delete(active.id)
    this.#background(state.flush())
    const timer = this.#options.clock.timer(KEEP_OPEN_MS, () => {
      this.#kept.delete(active.id)
      this.#background(state.close(true))
    })
    this.#kept.set(active.id, { state, offsetSum: offsetSumOf(active, state), timer })
  }

  /** What the group is told: tasks that run here, and those whose state lies here. */
  owned(running: readonly string[]): ReadonlyMap<string, OwnedTask['offsetSum']> {
    const sums = new Map<string, number>()
    for (const id of this.#options.directory.tasks()) sums.set(id, 0)
    for (const [id, { offsetSum }] of this.#kept) sums.set(id, offsetSum)
    for (const id of running) sums.set(id, ACTIVE)
    return sums
  }

  /** Uncommitted rows of all tasks. */
  get overlayBytes(): number {
    let bytes = 0
    for (const state of this.#open.values()) bytes += state.overlayBytes
    return bytes
  }

  /** Writes down what is pending when it is much, or time. Does not wait. */
  flushWhenDue(): void {
    this.#throwFailure()
    if (this.#flushing !== undefined) return
    const { clock, settings } = this.#options
    let pending = 0
    for (const state of this.#open.values()) pending += state.pendingBytes
    const now = clock.monotonic()
    if (pending < settings.flushBytes && now < this.#nextFlush) return
    this.#nextFlush = now + settings.flushEveryMs
    if (pending === 0) return
    this.#flushing = this.#flushAll().finally(() => {
      this.#flushing = undefined
    })
    this.#background(this.#flushing)
  }

  /** Everything that is committed is written, and every database closed. */
  async close(): Promise<void> {
    const states = [...this.#open.values()]
    for (const { state, timer } of this.#kept.values()) {
      timer.cancel()
      states.push(state)
    }
    this.#open.clear()
    this.#kept.clear()
    for (const state of states) {
      state.abort()
      await state.close(true)
    }
  }

  async #flushAll(): Promise<void> {
    for (const state of [...this.#open.values()]) await state.flush()
    await this.#options.hooks.at('written')
  }

  async #openNew(active: ActiveTask, clusterId: string): Promise<TaskState> {
    const { directory, settings, clock, random, logger, maxRowBytes } = this.#options
    const topics = new Map(active.changelogs.map(({ store, topic }) => [store, topic]))
    const byteStore = await directory.open(active.id)
    const ids = [...active.topicIds].map(([topic, id]) => [topic, id.toString('hex')] as const)
    try {
      return await TaskState.open({
        byteStore,
        stores: active.plan.subTopology.stores,
        identity: {
          application: settings.applicationId,
          clusterId,
          task: active.id,
          topicIds: new Map(ids),
        },
        bootId: directory.bootId,
        clock,
        random,
        logger,
        cacheBytes: Math.max(
          LEAST_CACHE_BYTES,
          Math.floor(settings.cacheBytes / (this.#open.size + 1)),
        ),
        verify: settings.verify,
        sync: settings.sync,
        maxRowBytes: (store) => maxRowBytes(topics.get(store) ?? ''),
      })
    } catch (error) {
      await byteStore.close()
      throw error
    }
  }

  #adopt(active: ActiveTask, state: TaskState): void {
    active.state = state
    this.#open.set(active.id, state)
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#options.logger.error({ reason: messageOf(error) }, 'writing state down failed')
      this.#failure ??= error
    })
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }
}

function offsetSumOf({ changelogs }: ActiveTask, state: TaskState): number {
  return changelogs.reduce((sum, { store }) => sum + (state.changelogOffset(store)?.offset ?? 0), 0)
}
