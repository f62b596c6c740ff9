/**
 * The state of one task: its stores, their span, and the database below (DESIGN §6).
 *
 * 1. open span → `freeze` → `commit` → pending → `flush` → LevelDB. `abort` drops what is not
 *    committed; nothing uncommitted reaches the disk.
 * 2. A store's offset is that of its topmost committed layer, and restored rows come in at the top.
 * 3. Every batch holds the position that is true with it: a crash leaves the state behind, never
 *    ahead, never torn.
 */
import type { Clock } from '../core/clock.ts'
import { FatalError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { ByteOperation, ByteStore } from './byte-store.ts'
import type { Progress } from './database.ts'
import { Database } from './database.ts'
import { Journal } from './journal.ts'
import type { StorePosition } from './sentinel.ts'
import type { StoreSpec } from './store-spec.ts'
import { StoreState } from './store-state.ts'

/** A row for its changelog. */
export interface ChangelogRow {
  readonly store: string
  /** Without the application's prefix. */
  readonly topic: string
  readonly key: Buffer
  /** Null: deleted. */
  readonly value: Buffer | null
  readonly timestamp: number
}

/** A row read from a changelog; bytes are copied. */
export interface RestoredRow {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly offset: number
}

/** The next offset of a changelog, and the leader epoch of the record before; -1: not known. */
export interface ChangelogPosition {
  readonly offset: number
  readonly leaderEpoch: number
}

/** Whose state it is; another application, cluster, task or topic id is refused. */
export interface StateIdentity {
  readonly application: string
  readonly clusterId: string
  readonly task: string
  /** By topic, source topics and changelogs, as hex; a topic that is not known is not compared. */
  readonly topicIds: ReadonlyMap<string, string>
}

export interface TaskStateOptions {
  readonly byteStore: ByteStore
  readonly stores: readonly StoreSpec[]
  readonly identity: StateIdentity
  /** Of this boot of the machine: state that was not closed cleanly under another is rebuilt. */
  readonly bootId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Of clean rows, all stores of the task together. 16 MB. */
  readonly cacheBytes?: number
  /** Check every row at open. False. */
  readonly verify?: boolean
  /** Every batch reaches the disk before it counts as written. False. */
  readonly sync?: boolean
  /** The largest record that a store's changelog takes; more is VALUE_TOO_LARGE at `put`. */
  readonly maxRowBytes?: (store: string) => number
}

const CACHE_BYTES = 16 * 1024 * 1024
/** A disk that is full is waited for up to this many bytes of rows in memory. */
const MAX_UNWRITTEN_BYTES = 256 * 1024 * 1024
const COMPLETE_RENEWAL_MS = 3_600_000

export class TaskState {
  readonly #database: Database
  readonly #task: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #journal: Journal
  readonly #stores: ReadonlyMap<string, StoreState>
  readonly #inputs: Map<string, number>
  #completeAt: number | undefined
  #isComplete = false
  /** That the last batch told. */
  #writtenCompleteAt: number | undefined
  /** Something but rows is newer than the last batch. */
  #moved = false
  #isFrozen = false

  /**
   * Throws TaskCorruptedError STATE_DAMAGED (wipe and restore), FatalError STATE_FOREIGN, ConfigError
   * STORE_MISMATCH. The byte store is closed by `close`, and by its owner when this throws.
   */
  static async open(options: TaskStateOptions): Promise<TaskState> {
    const database = await Database.open(options)
    const state = new TaskState(options, database)
    const positions = new Map<string, StorePosition>(
      database.found.stores.map((position) => [position.name, position]),
    )
    for (const store of state.#stores.values()) {
      const position = positions.get(store.spec.name)
      if (position !== undefined) await store.load(position)
    }
    return state
  }

  private constructor(options: TaskStateOptions, database: Database) {
    const { stores, cacheBytes = CACHE_BYTES, maxRowBytes } = options
    this.#database = database
    this.#task = options.identity.task
    this.#clock = options.clock
    this.#logger = options.logger
    const journal = new Journal()
    this.#journal = journal
    this.#stores = new Map(
      stores.map((spec) => [
        spec.name,
        new StoreState({
          spec,
          number: database.numberOf(spec),
          byteStore: options.byteStore,
          journal,
          cacheBytes: cacheBytes / stores.length,
          maxRowBytes: maxRowBytes?.(spec.name) ?? Number.POSITIVE_INFINITY,
        }),
      ]),
    )
    const { inputs, completeAt } = database.found
    this.#inputs = new Map(inputs)
    this.#completeAt = completeAt ?? undefined
    this.#writtenCompleteAt = this.#completeAt
  }

  /** The inner store of that name; see inner-stores.ts. */
  store(name: string): unknown {
    return this.#store(name).inner
  }

  /** Of rows that are not committed. */
  get overlayBytes(): number {
    return this.#journal.bytes
  }

  /** Of committed rows that LevelDB does not have yet. */
  get pendingBytes(): number {
    let bytes = 0
    for (const store of this.#stores.values()) bytes += store.pendingBytes
    return bytes
  }

  /** `topic/partition` → the offset up to which the committed rows are complete. */
  get inputs(): ReadonlyMap<string, number> {
    return this.#inputs
  }

  /** Wall-clock time at which the rows were last known to be all there were; undefined: never. */
  get completeAt(): number | undefined {
    return this.#isComplete ? this.#clock.now() : this.#completeAt
  }

  /** Where the open span stands, for `rollback`. Valid until the freeze. */
  mark(): number {
    return this.#journal.mark()
  }

  rollback(mark: number): void {
    this.#journal.rollback(mark)
  }

  /** Ends the open span; its rows for the changelogs, each key once. */
  freeze(): readonly ChangelogRow[] {
    if (this.#isFrozen)
      throw new FatalError('INTERNAL', `task ${this.#task}: the span before is not decided yet`)
    const changelog: ChangelogRow[] = []
    for (const store of this.#stores.values()) store.freeze(changelog)
    this.#journal.forget()
    this.#isFrozen = true
    return changelog
  }

  /**
   * The frozen span is committed: its rows are pending. `ends`: by store, the next offset behind its
   * changelog rows. `inputs`: `topic/partition` → committed offset.
   */
  commit(ends: ReadonlyMap<string, ChangelogPosition>, inputs: ReadonlyMap<string, number>): void {
    for (const store of this.#stores.values()) store.commit(ends.get(store.spec.name))
    for (const [input, offset] of inputs) this.#inputs.set(input, offset)
    this.#isFrozen = false
    this.#isComplete = true
    this.#moved = true
  }

  /** Open and frozen spans leave nothing. */
  abort(): void {
    for (const store of this.#stores.values()) store.abort()
    this.#journal.forget()
    this.#isFrozen = false
  }

  /**
   * Rows of a store's changelog, in order; `next`: the position behind them, markers included. Rows
   * that the layers have already change nothing.
   */
  restore(name: string, rows: readonly RestoredRow[], next: ChangelogPosition): void {
    const store = this.#store(name)
    if (!store.isCommitted)
      throw new FatalError('INTERNAL', `store '${name}' is restored under an open span`)
    store.restore(rows, next)
    this.#moved = true
  }

  /** Where a restore begins; undefined: at the changelog's start. */
  changelogOffset(name: string): ChangelogPosition | undefined {
    return this.#store(name).position
  }

  /** Up to where the changelog of a windowed store may be cut now; undefined: not at all. */
  cutBelow(name: string): number | undefined {
    return this.#store(name).cutBelow()
  }

  /** The rows are all there are: after a restore. `commit` says it too. */
  markComplete(): void {
    this.#isComplete = true
  }

  /** Somebody else writes from now on: the task is lost and its state kept. */
  markBehind(): void {
    this.#completeAt = this.completeAt
    this.#isComplete = false
  }

  /**
   * Writes what is pending, in one batch; waits for one in flight. When the disk refuses, the rows
   * stay pending and the next call tries again; rejects when memory would not hold them.
   */
  flush(): Promise<void> {
    return this.#database.exclusive(() => this.#flush(false))
  }

  /**
   * Compares the inputs with what the group has committed. Throws FatalError OFFSETS_REWOUND when
   * that is lower: rows would be counted twice. Stores without a changelog that stand elsewhere are
   * emptied; returns their names.
   */
  async reconcile(committed: ReadonlyMap<string, number>): Promise<readonly string[]> {
    let moved = false
    for (const [input, offset] of this.#inputs) {
      const now = committed.get(input)
      if (now === undefined || now === offset) continue
      if (now < offset) throw rewound(this.#task, input, now, offset)
      moved = true
    }
    if (!moved) return []
    const emptied: string[] = []
    for (const { spec } of this.#stores.values())
      if (spec.changelog === undefined) emptied.push(spec.name)
    for (const name of emptied) await this.reset(name)
    return emptied
  }

  /** Empties a store, memory and disk; it is then restored from its changelog's start. */
  reset(name: string): Promise<void> {
    return this.#database.exclusive(async () => {
      const store = this.#store(name)
      store.forget()
      // First nobody knows its offset, then its rows go: a crash between is cleared up at open.
      const stores = this.#progress(false).stores.filter((position) => position.name !== name)
      await this.#database.write([], { ...this.#progress(false), stores })
      const range = store.range()
      if (range !== undefined) await this.#database.clear(range)
    })
  }

  /** Clean: committed rows are written first. Else what is pending is dropped. */
  async close(clean: boolean): Promise<void> {
    this.abort()
    await this.#database.exclusive(async () => {
      if (clean) await this.#flush(true)
    })
    await this.#database.byteStore.close()
  }

  /** Deletes everything and closes. */
  async wipe(): Promise<void> {
    await this.#database.exclusive(() => this.#database.clear({}))
    await this.#database.byteStore.close()
  }

  async #flush(closing: boolean): Promise<void> {
    const operations: ByteOperation[] = []
    for (const store of this.#stores.values()) store.collect(operations)
    const progress = this.#progress(closing)
    if (operations.length === 0 && !closing && !this.#moved && !this.#isStale())
      return this.#settle()
    this.#moved = false
    try {
      await this.#database.write(operations, progress, closing)
    } catch (error) {
      for (const store of this.#stores.values()) store.unwritten()
      this.#moved = true
      this.#refused(error, closing)
      return
    }
    this.#writtenCompleteAt = progress.completeAt ?? undefined
    this.#settle()
    await this.#tidy()
  }

  #settle(): void {
    for (const store of this.#stores.values()) store.written()
  }

  /** What has expired leaves the disk; what is too old is looked for. */
  async #tidy(): Promise<void> {
    for (const store of this.#stores.values()) {
      const range = store.takeExpired()
      if (range !== undefined) await this.#database.clear(range)
      await store.inner.sweep?.()
    }
  }

  #refused(error: unknown, closing: boolean): void {
    const fields = { task: this.#task, err: error, pendingBytes: this.pendingBytes }
    this.#logger.error(fields, 'the disk refused a batch of state; its rows wait in memory')
    if (!closing && this.pendingBytes < MAX_UNWRITTEN_BYTES) return
    throw new FatalError(
      'INTERNAL',
      `the state of task ${this.#task} could not be written: ${messageOf(error)}; free some space or fix the disk, nothing is lost: the rows are in the changelogs`,
      { cause: error },
    )
  }

  #isStale(): boolean {
    if (!this.#isComplete) return false
    return this.#clock.now() - (this.#writtenCompleteAt ?? 0) >= COMPLETE_RENEWAL_MS
  }

  #progress(clean: boolean): Progress {
    const stores: StorePosition[] = []
    for (const store of this.#stores.values()) {
      const position = store.toPosition()
      if (position !== undefined) stores.push(position)
    }
    return { stores, inputs: [...this.#inputs], completeAt: this.completeAt ?? null, clean }
  }

  #store(name: string): StoreState {
    const store = this.#stores.get(name)
    if (store !== undefined) return store
    throw new FatalError('INTERNAL', `task ${this.#task} has no store '${name}'`)
  }
}

function rewound(task: string, input: string, now: number, before: number): FatalError {
  return new FatalError(
    'OFFSETS_REWOUND',
    `task ${task} has counted ${input} up to offset ${before}, and the group's committed offset is ${now}: what lies between would be counted twice; set the offset forward again, or reset the application (offsets, changelogs and the state directory) to count anew`,
  )
}
