/**
 * Brings stores up to the end of their changelogs (DESIGN §10).
 *
 * 1. Ends are high watermarks read after the committed offsets were; a changelog is done when the
 *    position passes its end, for the last record there may be a marker.
 * 2. Rows go through the same layers as commits. No user code runs, nothing is written to Kafka.
 * 3. It is a part of the worker's loop: `step` works for a slice, other tasks process in between.
 * 4. Who read a row must meet its tombstone before compaction takes that away. So a replay that is
 *    not through in time begins again with nothing, whether it was slow, stalled or interrupted.
 */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Admin } from '../kafka/client/admin.ts'
import type { FetchedBatch, Fetcher } from '../kafka/client/fetcher.ts'
import { OffsetOutOfRangeError } from '../kafka/client/offset-out-of-range-error.ts'
import { partitionKey } from '../kafka/client/topic-partition.ts'
import type { TaskState } from '../state/task-state.ts'
import type { ActiveTask } from './active-task.ts'
import { checkNotDiverged, truncated } from './changelog-checks.ts'
import type { MetricsRegistry } from './metrics-registry.ts'
import {
  bounds,
  type Follower,
  followersOf,
  isStale,
  type Offsets,
  offsetIn,
} from './restore-follower.ts'
import { RestoreLog } from './restore-log.ts'
import { rowsOf } from './restored-rows.ts'

/** Leader epoch that skips the check of divergence: not known for certain. */
const NO_EPOCH = -1
const TOO_LATE = 'tombstones may be gone'
/** Restored rows, and the answers that they lie in, that make one batch of LevelDB. */
const LOADED_BYTES = 4_194_304

export interface RestorerOptions {
  /** Of the restore lane, read_committed. */
  readonly fetcher: Fetcher
  readonly admin: Admin
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly onRestored: (store: string, rows: number) => void
}

export class Restorer {
  readonly #options: RestorerOptions
  readonly #followers = new Map<string, Follower>()
  readonly #waiting: FetchedBatch[] = []
  readonly #log: RestoreLog

  constructor(options: RestorerOptions) {
    this.#options = options
    this.#log = new RestoreLog(options.clock, options.logger)
  }

  /** Whether anything is being restored. */
  get active(): boolean {
    return this.#followers.size > 0
  }

  /** Follows what is behind; `complete` tells who lacks nothing. Begins again after a failure. */
  async begin(tasks: readonly ActiveTask[]): Promise<void> {
    this.forget(tasks)
    try {
      await this.#begin(tasks)
    } catch (error) {
      this.forget(tasks)
      throw error
    }
  }

  /** Tasks among these that need nothing more. */
  complete(tasks: readonly ActiveTask[]): readonly ActiveTask[] {
    const busy = new Set([...this.#followers.values()].map(({ active }) => active))
    return tasks.filter((active) => active.restore !== undefined && !busy.has(active))
  }

  /** Stops following: lost, or to be restored anew. */
  forget(tasks: readonly ActiveTask[]): void {
    const gone = new Set(tasks)
    for (const active of tasks) active.restore = undefined
    for (const [key, { active }] of this.#followers)
      if (gone.has(active)) this.#followers.delete(key)
    this.#assign()
  }

  /** Resolves when `step` has something to do, or after the time. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#waiting.length > 0
      ? Promise.resolve()
      : this.#options.fetcher.wait(timeoutMs, signal)
  }

  /** Applies what has come until `until` (monotonic); true if there was anything. */
  async step(until: number): Promise<boolean> {
    if (!this.active) return false
    await this.#poll()
    await this.#restartStale()
    let worked = false
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.shift()
      if (batch !== undefined) await this.#apply(batch)
      worked = true
      if (this.#options.clock.monotonic() >= until) break
    }
    if (this.#waiting.length === 0) await this.#finish()
    this.#log.tell(new Set([...this.#followers.values()].map(({ active }) => active)))
    return worked
  }

  async #begin(tasks: readonly ActiveTask[]): Promise<void> {
    const followers = tasks.flatMap(followersOf)
    for (const { state } of followers) await settle(state)
    const { admin } = this.#options
    const [starts, ends] = await bounds(
      admin,
      followers.map(({ of }) => of),
    )
    await checkNotDiverged(
      admin,
      followers.map(({ active, state, changelog, of }) => {
        const own = state.changelogOffset(changelog.store)
        return { task: active.id, of, own, end: offsetIn(ends, of) }
      }),
    )
    for (const active of tasks) active.restore = { done: 0, total: 0 }
    this.#log.begin()
    for (const follower of followers) await this.#place(follower, starts, ends)
    for (const active of tasks) this.#note(active)
    this.#assign()
  }

  async #poll(): Promise<void> {
    if (this.#waiting.length > 0) return
    try {
      this.#waiting.push(...this.#options.fetcher.poll())
    } catch (error) {
      if (!(error instanceof OffsetOutOfRangeError)) throw error
      const follower = this.#followers.get(partitionKey(error.topic, error.partition))
      if (follower === undefined) return
      const starts = await this.#options.admin.listOffsets([follower.of], 'earliest')
      if (!follower.changelog.cut)
        throw truncated(
          follower.active.id,
          follower.of,
          error.offset,
          offsetIn(starts, follower.of),
        )
      await this.#restart(follower, offsetIn(starts, follower.of), 'the changelog was cut')
      this.#assign()
    }
  }

  /** Looked at when there is something to apply: the leader is there then, and can be asked. */
  async #restartStale(): Promise<void> {
    const { fetcher, admin, clock } = this.#options
    const now = clock.now()
    const stale = [...this.#followers.values()].filter(
      (follower) =>
        isStale(follower, now) && (fetcher.state(follower.of)?.position ?? 0) > follower.position,
    )
    if (stale.length === 0) return
    const starts = await admin.listOffsets(
      stale.map(({ of }) => of),
      'earliest',
    )
    for (const follower of stale)
      await this.#restart(follower, offsetIn(starts, follower.of), TOO_LATE)
    for (const active of new Set(stale.map(({ active }) => active))) this.#note(active)
    this.#assign()
  }

  async #apply(batch: FetchedBatch): Promise<void> {
    const follower = this.#followers.get(partitionKey(batch.topic, batch.partition))
    if (follower === undefined) return
    const { view, firstIndex, nextOffset, leaderEpoch } = batch
    const { state, changelog } = follower
    const next = { offset: nextOffset, leaderEpoch }
    let count = state.restoreBatch(changelog.store, view, firstIndex, next)
    if (count === undefined) {
      const rows = rowsOf(view, firstIndex)
      state.restore(changelog.store, rows, next)
      count = rows.length
    }
    follower.rows += count
    this.#moved(follower, nextOffset)
    if (state.loadedBytes > LOADED_BYTES) await state.flush()
  }

  /** Changelogs whose position has passed their end. */
  async #finish(): Promise<void> {
    let finished = false
    for (const [key, follower] of this.#followers) {
      const position = this.#options.fetcher.state(follower.of)?.position ?? follower.position
      if (position < follower.end) continue
      const { state, changelog, rows } = follower
      await settle(state)
      // Markers behind the last row are passed too, or the next start would read them again.
      const own = state.changelogOffset(changelog.store)
      if (own === undefined || own.offset < position)
        state.restore(changelog.store, [], {
          offset: position,
          leaderEpoch: own?.leaderEpoch ?? NO_EPOCH,
        })
      this.#moved(follower, position)
      this.#followers.delete(key)
      finished = true
      if (rows > 0) this.#options.onRestored(changelog.store, rows)
    }
    if (finished) this.#assign()
  }

  #moved(follower: Follower, position: number): void {
    const { active } = follower
    const reached = Math.min(position, follower.end)
    if (active.restore !== undefined && reached > follower.position)
      active.restore.done += reached - follower.position
    follower.position = Math.max(follower.position, position)
    const { done, total } = active.restore ?? { done: 0, total: 0 }
    this.#options.metrics
      .gauge('millrace_task_restore_remaining_records', { task: active.id })
      .set(Math.max(0, total - done))
  }

  /** Decides where a changelog is read from, and whether at all. */
  async #place(follower: Follower, starts: Offsets, ends: Offsets): Promise<void> {
    const { active, state, changelog, of } = follower
    const start = offsetIn(starts, of)
    const now = this.#options.clock.now()
    follower.end = offsetIn(ends, of)
    follower.since = now
    const own = state.changelogOffset(changelog.store)?.offset
    if (own === undefined) {
      if (start > 0 && !changelog.cut) throw truncated(active.id, of, 0, start)
      follower.position = start
    } else if (own < start) {
      if (!changelog.cut) throw truncated(active.id, of, own, start)
      await this.#startOver(follower, start, 'the changelog was cut')
    } else {
      follower.position = own
      if (own < follower.end) follower.since = state.completeAt ?? now
      if (isStale(follower, now)) await this.#startOver(follower, start, TOO_LATE)
    }
    if (follower.position >= follower.end) return
    if (active.restore !== undefined) active.restore.total += follower.end - follower.position
    this.#followers.set(partitionKey(of.topic, of.partition), follower)
  }

  /** What is there of the task's rows is as good as if it had been complete at that time. */
  #note({ state }: ActiveTask): void {
    const open = [...this.#followers.values()].filter((follower) => follower.state === state)
    if (open.length > 0) state?.replayedSince(Math.min(...open.map(({ since }) => since)))
  }

  /** `startOver` in the middle: what was done is to be done again. */
  async #restart(follower: Follower, start: number, reason: string): Promise<void> {
    const { restore } = follower.active
    if (restore !== undefined) restore.total += Math.max(0, follower.position - start)
    await this.#startOver(follower, start, reason)
  }

  /** The store is emptied and read from the start. Rows that we cut ourselves are gone here too. */
  async #startOver(follower: Follower, start: number, reason: string): Promise<void> {
    const { active, state, changelog } = follower
    this.#options.logger.warn({ task: active.id, store: changelog.store, reason }, 'store rebuilt')
    this.#options.metrics
      .counter('millrace_store_rebuilt_total', { task: active.id, store: changelog.store, reason })
      .add()
    await state.wipeStore(changelog.store)
    active.rebuilt = reason
    follower.position = start
    follower.since = this.#options.clock.now()
  }

  #assign(): void {
    this.#waiting.length = 0
    const { fetcher } = this.#options
    fetcher.assign(
      [...this.#followers.values()].map(({ of, position }) => ({ ...of, offset: position })),
    )
  }
}

/** Rows that are on their way to the disk cannot be read: that has to end before the task runs. */
async function settle(state: TaskState): Promise<void> {
  if (state.loadedBytes > 0) await state.flush()
}
