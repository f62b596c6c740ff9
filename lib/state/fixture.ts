/**
 * For the tests of state: a few stores, and a task's state that is opened, committed and restored the
 * same way in all of them.
 */
import type { Clock } from '../core/clock.ts'
import { sleepOn } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import type { ByteOperation, ByteRange, ByteRow, ByteStore, WriteOptions } from './byte-store.ts'
import type { InnerKeyValueStore, InnerWindowStore } from './inner-stores.ts'
import { keyValueSpec, type StoreSpec, windowSpec } from './store-spec.ts'
import { type RestoredRow, TaskState, type TaskStateOptions } from './task-state.ts'

const NO_INPUTS: ReadonlyMap<string, number> = new Map()

export type Count = { n: number }

export const counts: StoreSpec = keyValueSpec({
  name: 'counts',
  key: serdes.string,
  value: serdes.json<Count>(),
})
export const totals: StoreSpec = keyValueSpec({
  name: 'totals',
  key: serdes.string,
  value: serdes.long,
})
export const views: StoreSpec = windowSpec({
  name: 'views',
  key: serdes.string,
  value: serdes.long,
  sizeMs: 60_000,
  retentionMs: 120_000,
})

export function keyValue<V>(state: TaskState, name: string): InnerKeyValueStore<string, V> {
  return state.store(name) as InnerKeyValueStore<string, V>
}

/** The store of `views`. */
export function windowed(state: TaskState): InnerWindowStore<string, number> {
  return state.store('views') as InnerWindowStore<string, number>
}

/** A clock that stands still unless it is told; its timers fire when they are called. */
export class StillClock implements Clock {
  time: number
  readonly timers: { readonly at: number; readonly fire: () => void }[] = []

  constructor(time = 1_000_000) {
    this.time = time
  }

  now(): number {
    return this.time
  }

  monotonic(): number {
    return this.time
  }

  timer(delayMs: number, fire: () => void): { cancel(): void } {
    const timer = { at: this.time + delayMs, fire }
    this.timers.push(timer)
    return {
      cancel: () => {
        const index = this.timers.indexOf(timer)
        if (index >= 0) this.timers.splice(index, 1)
      },
    }
  }

  yield(): Promise<void> {
    return Promise.resolve()
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** Moves time and fires what is due, once each. */
  advance(ms: number): void {
    this.time += ms
    for (const timer of [...this.timers])
      if (timer.at <= this.time) {
        this.timers.splice(this.timers.indexOf(timer), 1)
        timer.fire()
      }
  }
}

export function openState(
  byteStore: ByteStore,
  stores: readonly StoreSpec[],
  options: Partial<TaskStateOptions> = {},
): Promise<TaskState> {
  return TaskState.open({
    byteStore,
    stores,
    identity: { application: 'app', clusterId: 'cluster', task: 'in_0', topicIds: new Map() },
    bootId: 'boot',
    clock: new StillClock(),
    random: seededRandom(1),
    logger: silentLogger,
    ...options,
  })
}

/** Commits what the open span has, as a producer would that wrote its rows behind `end`. */
export class Commits {
  /** By store: the changelog, so that a restore can replay it. */
  readonly changelogs: Map<string, RestoredRow[]> = new Map()
  readonly #ends = new Map<string, number>()

  /** The next offset of a store's changelog. */
  endOf(store: string): number {
    return this.#ends.get(store) ?? 0
  }

  commit(state: TaskState, inputs: ReadonlyMap<string, number> = NO_INPUTS): void {
    for (const { store, key, value, timestamp } of state.freeze()) {
      const rows = this.changelogs.get(store) ?? []
      this.changelogs.set(store, rows)
      const offset = this.endOf(store)
      rows.push({ key, value, timestamp, offset })
      this.#ends.set(store, offset + 1)
    }
    const ends = new Map<string, { offset: number; leaderEpoch: number }>()
    for (const [store, end] of this.#ends) {
      // A transaction ends with a marker.
      this.#ends.set(store, end + 1)
      ends.set(store, { offset: end + 1, leaderEpoch: -1 })
    }
    state.commit(ends, inputs)
  }

  /** Replays a changelog from where the state says. */
  restore(state: TaskState, store: string, from?: number): void {
    const at = from ?? state.changelogOffset(store)?.offset ?? 0
    const rows = (this.changelogs.get(store) ?? []).filter(({ offset }) => offset >= at)
    state.restore(store, rows, { offset: this.endOf(store), leaderEpoch: -1 })
  }
}

export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const row of rows) all.push(row)
  return all
}

/** A byte store whose writes wait until they are let go, or fail. */
export class SlowStore implements ByteStore {
  readonly #below: ByteStore
  readonly waiting: { go(): void; fail(error: unknown): void }[] = []
  batches = 0
  slow = false

  constructor(below: ByteStore) {
    this.#below = below
  }

  get(key: Buffer): Buffer | undefined {
    return this.#below.get(key)
  }

  scan(range: ByteRange): AsyncIterable<readonly ByteRow[]> {
    return this.#below.scan(range)
  }

  async write(operations: Iterable<ByteOperation>, options?: WriteOptions): Promise<void> {
    this.batches++
    if (this.slow)
      await new Promise<void>((go, fail) => {
        this.waiting.push({ go, fail })
      })
    await this.#below.write(operations, options)
  }

  clear(range: ByteRange): Promise<void> {
    if (this.slow) return Promise.reject(new TypeError('killed before the clear'))
    return this.#below.clear(range)
  }

  close(): Promise<void> {
    return this.#below.close()
  }
}

/** Lets everything that needs nothing but promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
