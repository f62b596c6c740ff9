/**
 * The byte store on disk: LevelDB through `level`. It detects no damage by itself and its lock can be
 * broken from inside the process, so checksums and owners are seen to above (DESIGN §6.9, §6.10).
 *
 * After a write that failed, LevelDB stays read-only even when the disk has space again: the next
 * write reopens it first.
 */
import { Level } from 'level'
import {
  ConfigError,
  FatalError,
  messageOf,
  RetriableError,
  type StreamsError,
  TaskCorruptedError,
} from '../core/errors.ts'
import type { ByteOperation, ByteRange, ByteRow, ByteStore, WriteOptions } from './byte-store.ts'
import { LevelDbBatch } from './leveldb-batch.ts'

const BUFFERS = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
/** Measured (facts): larger ones are slower, compression costs a tenth of a restore. */
const SETTINGS = { compression: false, writeBufferSize: 8 * 1024 * 1024 } as const
const CHUNK_ROWS = 1000

type Database = Level<Buffer, Buffer>

/** Opens the database of one task, made when it is not there. */
export async function openLevelDb(path: string): Promise<ByteStore> {
  const database: Database = new Level(path, { ...BUFFERS, ...SETTINGS })
  try {
    await database.open()
  } catch (error) {
    throw translate(path, error)
  }
  return new LevelDbStore(path, database)
}

class LevelDbStore implements ByteStore {
  readonly #path: string
  readonly #database: Database
  #batch: LevelDbBatch
  #isWriting = false
  #isBroken = false

  constructor(path: string, database: Database) {
    this.#path = path
    this.#database = database
    this.#batch = new LevelDbBatch(database)
  }

  get(key: Buffer): Buffer | undefined {
    try {
      return this.#database.getSync(key)
    } catch (error) {
      throw translate(this.#path, error)
    }
  }

  async *scan({ from, until, reverse, limit }: ByteRange): AsyncIterable<readonly ByteRow[]> {
    const iterator = this.#database.iterator({
      ...(from === undefined ? {} : { gte: from }),
      ...(until === undefined ? {} : { lt: until }),
      ...(reverse === undefined ? {} : { reverse }),
      ...(limit === undefined ? {} : { limit }),
    })
    try {
      for (;;) {
        const rows = await iterator.nextv(CHUNK_ROWS)
        if (rows.length === 0) return
        yield rows
      }
    } catch (error) {
      throw translate(this.#path, error)
    } finally {
      await iterator.close()
    }
  }

  async write(operations: Iterable<ByteOperation>, options: WriteOptions = {}): Promise<void> {
    if (this.#isWriting)
      throw new FatalError('INTERNAL', `two batches are in flight on the state in ${this.#path}`)
    this.#isWriting = true
    try {
      if (this.#isBroken) await this.#reopen()
      await this.#write(operations, options)
    } catch (error) {
      this.#isBroken = true
      throw translate(this.#path, error)
    } finally {
      this.#isWriting = false
    }
  }

  async clear({ from, until, limit }: ByteRange): Promise<void> {
    try {
      await this.#database.clear({
        ...(from === undefined ? {} : { gte: from }),
        ...(until === undefined ? {} : { lt: until }),
        ...(limit === undefined ? {} : { limit }),
      })
    } catch (error) {
      throw translate(this.#path, error)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#database.close()
    } catch (error) {
      throw translate(this.#path, error)
    }
  }

  /** An array of operations would be cloned one by one, and cost several times as much. */
  async #write(
    operations: Iterable<ByteOperation>,
    { durable = false, pause }: WriteOptions,
  ): Promise<void> {
    const batch = this.#batch
    try {
      let count = 0
      for (const each of operations) {
        batch.add(each)
        if (++count % CHUNK_ROWS === 0) await pause?.()
      }
      if (count > 0) await batch.write(durable)
    } finally {
      batch.clear()
    }
  }

  async #reopen(): Promise<void> {
    await this.#database.close()
    await this.#database.open()
    this.#batch = new LevelDbBatch(this.#database)
    this.#isBroken = false
  }
}

/** The one place where errors of LevelDB become ours. */
function translate(path: string, error: unknown): StreamsError {
  const cause = causeOf(error)
  const code = codeOf(cause)
  const options = { cause: error }
  if (code === 'LEVEL_LOCKED')
    return new ConfigError(
      'STATE_DIR_IN_USE',
      `the state in ${path} is open in another process: stop that one, or use another stateDir`,
      options,
    )
  if (code === 'LEVEL_CORRUPTION')
    return new TaskCorruptedError(
      'STATE_DAMAGED',
      `the state in ${path} is damaged: ${messageOf(cause)}; it is rebuilt from the changelogs`,
      options,
    )
  if (code === 'LEVEL_DATABASE_NOT_OPEN')
    return new RetriableError(
      'REQUEST_TIMEOUT',
      `the state in ${path} is not open: it is being opened anew after its disk refused a write, or was closed`,
      options,
    )
  return new FatalError(
    'INTERNAL',
    `the state in ${path} failed: ${messageOf(cause)}; look at the disk (space, permissions)`,
    options,
  )
}

/** abstract-level wraps what LevelDB said when an open fails. */
function causeOf(error: unknown): unknown {
  if (codeOf(error) !== 'LEVEL_DATABASE_NOT_OPEN') return error
  const { cause } = error as { readonly cause?: unknown }
  return cause ?? error
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
