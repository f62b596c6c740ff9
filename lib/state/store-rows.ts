/**
 * All layers of one store: the overlay of the open span, the span that was frozen, committed rows.
 * Knows no keys or values, only rows under strings of bytes.
 */
import type { CommittedRows } from './committed-rows.ts'
import type { Journal } from './journal.ts'
import type { KeySpan } from './layer.ts'
import { Layer } from './layer.ts'
import type { OpenRow, Row } from './row.ts'
import { ROW_OVERHEAD_BYTES } from './row.ts'

export type AnyRow = OpenRow | Row

/** What became of a row that was put: undone or aborted, or committed. */
export interface RowFate {
  /** A row of the open or frozen span is gone. */
  readonly dropped?: (key: string) => void
}

export class StoreRows {
  readonly committed: CommittedRows
  readonly #journal: Journal
  readonly #encode: (value: unknown) => Buffer
  readonly #fate: RowFate
  /** Rows are never put twice under one key. */
  readonly #allNew: boolean
  #open = new Layer<OpenRow>()
  #frozen = new Layer<OpenRow>()
  /** What the last `get` asked for, and whether it was there: a `put` most often follows. */
  #asked: string | undefined
  #wasThere = false
  #openBytes = 0
  #frozenBytes = 0

  constructor(
    committed: CommittedRows,
    journal: Journal,
    encode: (value: unknown) => Buffer,
    fate: RowFate,
    allNew: boolean,
  ) {
    this.committed = committed
    this.#journal = journal
    this.#encode = encode
    this.#fate = fate
    this.#allNew = allNew
  }

  get isEmpty(): boolean {
    return this.#open.isEmpty && this.#frozen.isEmpty
  }

  /** Undefined also when it is deleted. */
  get(bucket: number, key: string): AnyRow | undefined {
    const uncommitted = this.#open.get(bucket, key) ?? this.#frozen.get(bucket, key)
    if (uncommitted !== undefined) return uncommitted.bytes === null ? undefined : uncommitted
    const row = this.committed.get(bucket, key)
    this.#asked = key
    this.#wasThere = row !== undefined && row.bytes !== null
    return this.#wasThere ? row : undefined
  }

  put(bucket: number, key: string, row: OpenRow): void {
    const before = this.#open.get(bucket, key)
    this.#open.set(bucket, key, row)
    if (before !== undefined) row.isNew = before.isNew
    else if (key === this.#asked) row.isNew = !this.#wasThere
    this.#count(costOf(key, row) - (before === undefined ? 0 : costOf(key, before)))
    if (!this.#journal.marking) return
    this.#journal.undo(() => {
      if (before === undefined) {
        this.#open.delete(bucket, key)
        this.#fate.dropped?.(key)
      } else this.#open.set(bucket, key, before)
      this.#count((before === undefined ? 0 : costOf(key, before)) - costOf(key, row))
    })
  }

  /** Ends the open span: its rows are bytes from here on, in the order in which they were first put. */
  freeze(tell: (key: string, row: Row) => void): void {
    for (const [, key, row] of this.#open) tell(key, this.#encoded(row))
    this.#frozen = this.#open
    this.#open = new Layer()
    this.#asked = undefined
    this.#frozenBytes = this.#openBytes
    this.#openBytes = 0
  }

  /** `isNew`: the committed layers had no such row. */
  commit(tell: (key: string, row: Row, isNew: boolean) => void): void {
    for (const [bucket, key, open] of this.#frozen) {
      const isNew = open.isNew ?? (this.#allNew || this.#isNew(bucket, key))
      const row = this.#encoded(open)
      this.committed.set(bucket, key, row)
      tell(key, row, isNew)
    }
    this.#frozen = new Layer()
    this.#asked = undefined
    this.#journal.bytes -= this.#frozenBytes
    this.#frozenBytes = 0
  }

  /** Open and frozen rows are gone. */
  abort(): void {
    const { dropped } = this.#fate
    if (dropped !== undefined) {
      for (const [, key] of this.#open) dropped(key)
      for (const [, key] of this.#frozen) dropped(key)
    }
    this.#open = new Layer()
    this.#frozen = new Layer()
    this.#asked = undefined
    this.#journal.bytes -= this.#openBytes + this.#frozenBytes
    this.#openBytes = 0
    this.#frozenBytes = 0
  }

  /**
   * Rows in order, those of all layers as they are at the first `next`: layers are copied and the
   * snapshot of LevelDB is taken in that one step.
   */
  async *scan(span: KeySpan, reverse = false): AsyncGenerator<readonly [string, AnyRow], void> {
    const upper = new Map<string, AnyRow>()
    for (const layer of this.committed.layers()) layer.copyInto(upper, span)
    this.#frozen.copyInto(upper, span)
    this.#open.copyInto(upper, span)
    const below = this.committed.base(span, reverse)
    const keys = [...upper.keys()].sort(reverse ? descending : ascending)
    let at = 0
    for await (const piece of below)
      for (const [key, row] of piece) {
        for (
          let next = keys[at];
          next !== undefined && precedes(next, key, reverse);
          next = keys[at]
        ) {
          at++
          yield* alive(next, upper.get(next))
        }
        if (!upper.has(key)) yield* alive(key, row)
      }
    for (; at < keys.length; at++) {
      const key = keys[at] ?? ''
      yield* alive(key, upper.get(key))
    }
  }

  /** The same row: an undo list that has it is forgotten at the freeze. */
  #encoded(row: OpenRow): Row {
    const bytes = row.bytes === undefined ? this.#encode(row.value) : row.bytes
    row.bytes = bytes
    return row as Row
  }

  #isNew(bucket: number, key: string): boolean {
    return (this.committed.get(bucket, key)?.bytes ?? null) === null
  }

  #count(bytes: number): void {
    this.#openBytes += bytes
    this.#journal.bytes += bytes
  }
}

/** Of the row in hand: an upper one comes before what follows it below, its own older row included. */
function precedes(upper: string, below: string, reverse: boolean): boolean {
  return reverse ? upper >= below : upper <= below
}

function* alive(key: string, row: AnyRow | undefined): Iterable<readonly [string, AnyRow]> {
  if (row !== undefined && row.bytes !== null) yield [key, row]
}

function ascending(one: string, other: string): number {
  return one < other ? -1 : 1
}

function descending(one: string, other: string): number {
  return one > other ? -1 : 1
}

function costOf(key: string, row: AnyRow): number {
  return key.length + (row.bytes?.length ?? 0) + ROW_OVERHEAD_BYTES
}
