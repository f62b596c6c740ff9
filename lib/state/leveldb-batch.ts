/**
 * The batch of one database, used again for each write: LevelDB's own memory of a batch goes only when
 * the collector comes by its object, and a task writes megabytes at a time.
 *
 * It goes by what a chained batch of `abstract-level` itself calls, its interface for implementations:
 * there a batch can be written more than once, and no options are copied for each row.
 */
import type { Level } from 'level'
import type { ByteOperation } from './byte-store.ts'

interface RawBatch {
  _put(key: Buffer, value: Buffer): void
  _del(key: Buffer): void
  _clear(): void
  _write(options: { readonly sync: boolean }): Promise<void>
}

export class LevelDbBatch {
  readonly #database: Level<Buffer, Buffer>
  readonly #raw: RawBatch

  /** Of an open database; a new one when it has been opened again. */
  constructor(database: Level<Buffer, Buffer>) {
    this.#database = database
    this.#raw = database.batch() as unknown as RawBatch
  }

  /** Copies keys and values. */
  add(operation: ByteOperation): void {
    if (operation.type === 'put') this.#raw._put(operation.key, operation.value)
    else this.#raw._del(operation.key)
  }

  /** Rejects with LEVEL_DATABASE_NOT_OPEN when it was closed meanwhile: LevelDB itself would crash. */
  async write(sync: boolean): Promise<void> {
    if (this.#database.status !== 'open')
      throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' })
    await this.#raw._write({ sync })
  }

  /** It is empty again; its memory stays, for the next write. */
  clear(): void {
    this.#raw._clear()
  }
}
