/**
 * The state of one task: its stores, their span, and the database below (DESIGN §6).
 *
 * 1. open span → `freeze` → `commit` → pending → `flush` → LevelDB. `abort` drops what is not
 *    committed; nothing uncommitted reaches the disk.
 * 2. A store's offset is that of its topmost committed layer, and restored rows come in at the top.
 * 3. Every batch holds the position that is true with it: a crash leaves the state behind, never
 *    ahead, never torn.
 */
import { FatalError } from '../core/errors.ts'
import type { RecordView } from '../core/record-view.ts'
import { Database } from './database.ts'
import { FrozenRows } from './frozen-rows.ts'
import { Journal } from './journal.ts'
import type { StorePosition } from './sentinel.ts'
import { StateWriter } from './state-writer.ts'
import { StoreState } from './store-state.ts'
import type {
  ChangelogPosition,
  RestoredRow,
  RowCount,
  TaskStateOptions,
} from './task-state-options.ts'

export type {
  ChangelogPosition,
  ChangelogRow,
  RestoredRow,
  StateIdentity,
  TaskStateOptions,
} from './task-state-options.ts'

const CACHE_BYTES = 16 * 1024 * 1024

export class TaskState {
  readonly #task: string
  readonly #writer: StateWriter
  readonly #journal: Journal
  readonly #stores: ReadonlyMap<string, StoreState>
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
    const { stores, byteStore, cacheBytes = CACHE_BYTES, maxRowBytes } = options
    const journal = new Journal()
    const states = stores.map((spec) => {
      const maxBytes = maxRowBytes?.(spec.name) ?? Number.POSITIVE_INFINITY
      return new StoreState({
        spec,
        number: database.numberOf(spec),
        byteStore,
        journal,
        cacheBytes: cacheBytes / stores.length,
        maxRowBytes: maxBytes,
      })
    })
    const { clock, logger, identity } = options
    this.#task = identity.task
    this.#journal = journal
    this.#stores = new Map(states.map((store) => [store.spec.name, store]))
    this.#writer = new StateWriter({ task: identity.task, database, stores: states, clock, logger })
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
    return this.#writer.pendingBytes
  }

  /** Changelog offsets of all stores: how much there is to lose by moving the task. */
  get offsetSum(): number {
    let sum = 0
    for (const store of this.#stores.values()) sum += store.position?.offset ?? 0
    return sum
  }

  /** Roughly how many rows each store has. */
  rowCounts(): readonly RowCount[] {
    return [...this.#stores.values()].map((store) => ({
      name: store.spec.name,
      numRowsTotal: store.rowCount,
    }))
  }

  /** `topic/partition` → the offset up to which the committed rows are complete. */
  get inputs(): ReadonlyMap<string, number> {
    return this.#writer.inputs
  }

  /**
   * Wall-clock time at which the rows were last known to be all there were, or at which their replay
   * into empty stores began: what was deleted before is not here. Undefined: never.
   */
  get completeAt(): number | undefined {
    return this.#writer.completeAt
  }

  /** Where the open span stands, for `rollback`. Valid until the freeze. */
  mark(): number {
    return this.#journal.mark()
  }

  rollback(mark: number): void {
    this.#journal.rollback(mark)
  }

  /** Ends the open span; its rows for the changelogs, each key once. */
  freeze(): FrozenRows {
    if (this.#isFrozen)
      throw new FatalError('INTERNAL', `task ${this.#task}: the span before is not decided yet`)
    const stores = [...this.#stores.values()]
    for (const store of stores) store.freeze()
    this.#journal.forget()
    this.#isFrozen = true
    return new FrozenRows(stores)
  }

  /**
   * The frozen span is committed: its rows are pending. `ends`: by store, the next offset behind its
   * changelog rows. `inputs`: `topic/partition` → committed offset.
   */
  commit(ends: ReadonlyMap<string, ChangelogPosition>, inputs: ReadonlyMap<string, number>): void {
    for (const store of this.#stores.values()) store.commit(ends.get(store.spec.name))
    this.#isFrozen = false
    this.#writer.committed(inputs)
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
    this.#writer.restored()
  }

  /**
   * Of restored rows that nobody can read before they are written, also of a batch in flight: `flush`
   * before the task runs, and when they become many.
   */
  get loadedBytes(): number {
    let bytes = 0
    for (const store of this.#stores.values()) bytes += store.loadedBytes
    return bytes
  }

  /**
   * As `restore`, from a batch as it was fetched, and cheaper: for a store of which nothing is in
   * memory. Nobody may read its rows before `flush`. How many there were; undefined: not so, use
   * `restore`.
   */
  restoreBatch(
    name: string,
    view: RecordView,
    firstIndex: number,
    next: ChangelogPosition,
  ): number | undefined {
    const store = this.#store(name)
    if (!store.isCommitted)
      throw new FatalError('INTERNAL', `store '${name}' is restored under an open span`)
    const count = store.restoreBatch(view, firstIndex, next)
    if (count !== undefined) this.#writer.restored()
    return count
  }

  /** Where a restore begins; undefined: at the changelog's start. */
  changelogOffset(name: string): ChangelogPosition | undefined {
    return this.#store(name).position
  }

  /** Up to where the changelog of a windowed store may be cut now; undefined: not at all. */
  cutBefore(name: string): number | undefined {
    return this.#store(name).cutBefore()
  }

  /** A restore is on its way that began with what was complete, or nothing, at that time. */
  replayedSince(time: number): void {
    this.#writer.replayedSince(time)
  }

  /** The rows are all there are: after a restore. `commit` says it too. */
  markComplete(): void {
    this.#writer.markComplete()
  }

  /** Somebody else writes from now on: the task is lost and its state kept. */
  markBehind(): void {
    this.#writer.markBehind()
  }

  /**
   * Writes what is pending, in one batch; waits for one in flight. When the disk refuses, the rows
   * stay pending and the next call tries again; rejects when memory would not hold them.
   */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /**
   * Compares the inputs with what the group has committed, after a restore. Throws FatalError
   * OFFSETS_REWOUND when that is lower: rows would be counted twice. Stores without a changelog that
   * stand elsewhere are emptied (schedules A15); returns their names.
   */
  async reconcile(committed: ReadonlyMap<string, number>): Promise<readonly string[]> {
    let moved = false
    for (const [input, offset] of this.inputs) {
      const now = committed.get(input)
      if (now === undefined || now === offset) continue
      if (now < offset) throw rewound(this.#task, input, now, offset)
      moved = true
    }
    if (!moved) return []
    const unlogged = [...this.#stores.values()].filter(({ spec }) => spec.changelog === undefined)
    for (const store of unlogged) await this.#writer.empty(store)
    return unlogged.map(({ spec }) => spec.name)
  }

  /** Empties a store, memory and disk; it is then restored from its changelog's start. */
  wipeStore(name: string): Promise<void> {
    return this.#writer.empty(this.#store(name))
  }

  /** Clean: committed rows are written first. Else what is pending is dropped. */
  close(clean: boolean): Promise<void> {
    this.abort()
    return this.#writer.close(clean)
  }

  /** Deletes everything and closes. */
  wipe(): Promise<void> {
    this.abort()
    return this.#writer.wipe()
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
