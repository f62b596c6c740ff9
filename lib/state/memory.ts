/**
 * State in memory: the byte store of tests and of the driver, and a disk that outlives the processes
 * of a simulation. Nothing but promises moves it, so it runs in virtual time.
 *
 * A write becomes visible when it resolves, not before: as LevelDB may have it.
 */
import { FatalError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { uuid } from '../core/random.ts'
import type { ByteOperation, ByteRange, ByteRow, ByteStore, WriteOptions } from './byte-store.ts'
import { SortedRows } from './sorted-rows.ts'
import type { StateDirectory } from './state-directory.ts'

const CHUNK_ROWS = 1000

type Rows = SortedRows<Buffer>

class MemoryByteStore implements ByteStore {
  readonly #rows: Rows
  #isWriting = false
  #isClosed = false

  constructor(rows: Rows) {
    this.#rows = rows
  }

  get(key: Buffer): Buffer | undefined {
    this.#check()
    const value = this.#rows.get(key.toString('latin1'))
    // As from a disk: what the caller does to it is nothing to the store.
    return value === undefined ? undefined : Buffer.from(value)
  }

  async *scan(range: ByteRange): AsyncIterable<readonly ByteRow[]> {
    this.#check()
    const rows = this.#rows.snapshot({
      from: range.from?.toString('latin1'),
      until: range.until?.toString('latin1'),
      reverse: range.reverse,
    })
    let left = range.limit ?? Number.POSITIVE_INFINITY
    let chunk: ByteRow[] = []
    for (const [key, value] of rows) {
      if (left-- <= 0) break
      chunk.push([Buffer.from(key, 'latin1'), Buffer.from(value)])
      if (chunk.length < CHUNK_ROWS) continue
      yield chunk
      chunk = []
    }
    if (chunk.length > 0) yield chunk
  }

  async write(operations: Iterable<ByteOperation>, { pause }: WriteOptions = {}): Promise<void> {
    this.#check()
    if (this.#isWriting) throw new FatalError('INTERNAL', 'two batches of one store are in flight')
    this.#isWriting = true
    // Copied: the caller may go on with its buffers.
    const copies: { readonly key: string; readonly value: Buffer | undefined }[] = []
    for (const each of operations) {
      const value = each.type === 'put' ? Buffer.from(each.value) : undefined
      copies.push({ key: each.key.toString('latin1'), value })
      if (copies.length % CHUNK_ROWS === 0) await pause?.()
    }
    await Promise.resolve()
    await Promise.resolve()
    this.#isWriting = false
    this.#check()
    for (const { key, value } of copies)
      if (value === undefined) this.#rows.delete(key)
      else this.#rows.set(key, value)
  }

  async clear(range: ByteRange): Promise<void> {
    this.#check()
    const rows = this.#rows.snapshot({
      from: range.from?.toString('latin1'),
      until: range.until?.toString('latin1'),
    })
    let left = range.limit ?? Number.POSITIVE_INFINITY
    for (const [key] of rows) {
      if (left-- <= 0) break
      this.#rows.delete(key)
    }
    await Promise.resolve()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.resolve()
  }

  /** What a process that was killed still has in hand does nothing any more. */
  revoke(): void {
    this.#isClosed = true
  }

  #check(): void {
    if (this.#isClosed) throw new FatalError('INTERNAL', 'the byte store is closed')
  }
}

/** A store of its own, gone with its last reference. */
export function memoryByteStore(): ByteStore {
  return new MemoryByteStore(new SortedRows())
}

/** The disk of one machine: `start` is a process of the application coming to life on it. */
export class MemoryDisk {
  readonly #tasks = new Map<string, Rows>()
  readonly #open = new Map<string, MemoryByteStore>()
  #processId: string | undefined
  #boots = 1

  /** A process that is killed need not close: the next one takes over what it had open. */
  start(random: Random): StateDirectory {
    for (const store of this.#open.values()) store.revoke()
    this.#open.clear()
    this.#processId ??= uuid(random)
    const mine = new Set<MemoryByteStore>()
    const never = new Promise<never>(() => undefined)
    return {
      processId: this.#processId,
      bootId: `boot-${this.#boots}`,
      lost: never,
      tasks: () => [...this.#tasks.keys()],
      open: (task) => this.#openTask(task, mine),
      remove: async (task) => {
        this.#open.get(task)?.revoke()
        this.#open.delete(task)
        this.#tasks.delete(task)
        await Promise.resolve()
      },
      close: async () => {
        for (const store of mine) store.revoke()
        await Promise.resolve()
      },
    }
  }

  /** The machine went down: state that was not closed cleanly is suspect. */
  reboot(): void {
    this.#boots++
  }

  /** Everything is gone, the process id too. */
  replace(): void {
    this.#tasks.clear()
    this.#processId = undefined
  }

  async #openTask(task: string, mine: Set<MemoryByteStore>): Promise<ByteStore> {
    let rows = this.#tasks.get(task)
    if (rows === undefined) {
      rows = new SortedRows()
      this.#tasks.set(task, rows)
    }
    this.#open.get(task)?.revoke()
    const store = new MemoryByteStore(rows)
    this.#open.set(task, store)
    mine.add(store)
    await Promise.resolve()
    return store
  }
}
