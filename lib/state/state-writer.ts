/**
 * Brings the committed rows of a task to disk: one batch at a time, each with the position that is
 * true with it. Knows when the rows were last all there were, and what the disk was told of that.
 */
import type { Clock } from '../core/clock.ts'
import { FatalError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Database, Progress } from './database.ts'
import type { StorePosition } from './sentinel.ts'
import type { StoreState } from './store-state.ts'

/** A disk that is full is waited for up to this many bytes of rows in memory. */
const MAX_UNWRITTEN_BYTES = 256 * 1024 * 1024
const COMPLETE_RENEWAL_MS = 3_600_000

export interface StateWriterOptions {
  readonly task: string
  readonly database: Database
  readonly stores: readonly StoreState[]
  readonly clock: Clock
  readonly logger: Logger
}

export class StateWriter {
  readonly #options: StateWriterOptions
  readonly #inputs: Map<string, number>
  #completeAt: number | undefined
  #isComplete = false
  /** That the last batch told. */
  #writtenCompleteAt: number | undefined
  /** The position is newer than that of the last batch. */
  #moved = false

  constructor(options: StateWriterOptions) {
    this.#options = options
    const { inputs, completeAt } = options.database.found
    this.#inputs = new Map(inputs)
    this.#completeAt = completeAt ?? undefined
    this.#writtenCompleteAt = this.#completeAt
  }

  get pendingBytes(): number {
    let bytes = 0
    for (const store of this.#options.stores) bytes += store.pendingBytes
    return bytes
  }

  get inputs(): ReadonlyMap<string, number> {
    return this.#inputs
  }

  get completeAt(): number | undefined {
    return this.#isComplete ? this.#options.clock.now() : this.#completeAt
  }

  committed(inputs: ReadonlyMap<string, number>): void {
    for (const [input, offset] of inputs) this.#inputs.set(input, offset)
    this.#isComplete = true
    this.#moved = true
  }

  restored(): void {
    this.#moved = true
  }

  replayedSince(time: number): void {
    this.#completeAt = time
    this.#moved = true
  }

  markComplete(): void {
    this.#isComplete = true
  }

  markBehind(): void {
    this.#completeAt = this.completeAt
    this.#isComplete = false
  }

  flush(): Promise<void> {
    return this.#options.database.exclusive(() => this.#flush(false))
  }

  empty(store: StoreState): Promise<void> {
    const { database } = this.#options
    return database.exclusive(async () => {
      store.forget()
      // First nobody knows its offset, then its rows go: a crash between is cleared up at open.
      const progress = this.#progress(false)
      const stores = progress.stores.filter(({ name }) => name !== store.spec.name)
      await database.write([], { ...progress, stores })
      const range = store.range()
      if (range !== undefined) await database.clear(range)
      this.#moved = true
    })
  }

  async close(clean: boolean): Promise<void> {
    const { database } = this.#options
    try {
      await database.exclusive(async () => {
        if (clean) await this.#flush(true)
      })
    } finally {
      await database.byteStore.close()
    }
  }

  async wipe(): Promise<void> {
    const { database } = this.#options
    await database.exclusive(() => database.clear({}))
    await database.byteStore.close()
  }

  async #flush(closing: boolean): Promise<void> {
    const { database, stores, clock } = this.#options
    if (this.pendingBytes > 0 || closing || this.#moved || this.#isDue()) {
      // One step: the position is that of these rows.
      const operations = stores.flatMap((store) => store.collect())
      const progress = this.#progress(closing)
      this.#moved = false
      try {
        const pause = (): Promise<void> => clock.yield()
        await database.write(operations, progress, { durable: closing, pause })
      } catch (error) {
        for (const store of stores) store.unwritten()
        this.#moved = true
        return this.#refused(error, closing)
      }
      for (const store of stores) store.written()
      this.#writtenCompleteAt = progress.completeAt ?? undefined
    }
    if (!closing) await this.#tidy()
  }

  /** What has expired leaves the disk; what is too old is looked for. */
  async #tidy(): Promise<void> {
    for (const store of this.#options.stores) {
      const range = store.takeExpired()
      if (range !== undefined) await this.#options.database.clear(range)
      await store.inner.sweep?.()
    }
  }

  #refused(error: unknown, closing: boolean): void {
    const { task, logger } = this.#options
    const { pendingBytes } = this
    const reason = messageOf(error)
    logger.error({ task, pendingBytes, reason }, 'the disk refused state; its rows wait in memory')
    if (!closing && pendingBytes < MAX_UNWRITTEN_BYTES) return
    throw new FatalError(
      'INTERNAL',
      `the state of task ${task} could not be written: ${reason}; free some space or fix the disk, nothing is lost: the rows are in the changelogs`,
      { cause: error },
    )
  }

  /** That the rows are complete is told every hour, also when nothing changes. */
  #isDue(): boolean {
    if (!this.#isComplete) return false
    return this.#options.clock.now() - (this.#writtenCompleteAt ?? 0) >= COMPLETE_RENEWAL_MS
  }

  #progress(clean: boolean): Progress {
    const stores: StorePosition[] = []
    for (const store of this.#options.stores) {
      const position = store.toPosition()
      if (position !== undefined) stores.push(position)
    }
    return { stores, inputs: [...this.#inputs], completeAt: this.completeAt ?? null, clean }
  }
}
