/**
 * The rows of a frozen span for the changelogs, each key once, encoded as they are asked for. They
 * stay what they are while the next span goes on, until the span is committed or aborted.
 */
import { bytesOf } from '../core/bytes.ts'
import type { StoreState } from './store-state.ts'
import type { ChangelogRow } from './task-state-options.ts'

/** Bytes are valid until it returns, and text has one char a byte; the value null: deleted. */
export type TellRow = (key: Buffer, value: Buffer | string | null, timestamp: number) => void

export class FrozenRows implements Iterable<ChangelogRow> {
  /** How many there are. */
  readonly size: number
  readonly #stores: readonly StoreState[]

  constructor(stores: readonly StoreState[]) {
    this.#stores = stores.filter(({ spec }) => spec.changelog !== undefined)
    this.size = this.#stores.reduce((sum, store) => sum + store.frozenRows, 0)
  }

  /** Those of one store, in the order in which they were first put. */
  of(name: string, tell: TellRow): void {
    for (const store of this.#stores) if (store.spec.name === name) store.eachFrozen(tell)
  }

  *[Symbol.iterator](): Iterator<ChangelogRow> {
    for (const store of this.#stores) {
      const { name, changelog } = store.spec
      const rows: ChangelogRow[] = []
      store.eachFrozen((key, value, timestamp) => {
        rows.push({
          store: name,
          topic: changelog?.topic ?? '',
          key: Buffer.from(key),
          value: value === null ? null : copyOf(value),
          timestamp,
        })
      })
      yield* rows
    }
  }
}

function copyOf(bytes: Buffer | string): Buffer {
  return typeof bytes === 'string' ? bytesOf(bytes) : Buffer.from(bytes)
}
