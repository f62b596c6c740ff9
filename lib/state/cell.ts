/**
 * All versions of one row that are in memory, under one name: one look in a map finds them all.
 *
 * | field | what |
 * |---|---|
 * | `open` | of the open span |
 * | `frozen` | of the span that is being committed |
 * | `committed` | the newest committed one; `ABSENT`: there is none; undefined: nobody has looked |
 */
import type { Row } from './row.ts'
import { ROW_OVERHEAD_BYTES } from './row.ts'

/** What LevelDB has of the committed row: nothing is known, not yet, soon, all of it. */
export type Stage = 'unknown' | 'pending' | 'writing' | 'clean'

/** Stands for a row that is not there. */
export const ABSENT: Row = { bytes: null, value: undefined, timestamp: -1 }

export class Cell {
  readonly bucket: number
  readonly key: string
  open: Row | undefined = undefined
  frozen: Row | undefined = undefined
  committed: Row | undefined = undefined
  stage: Stage = 'unknown'
  /** Found by its key; one that is not is nobody's. */
  indexed = false
  /** Waits to be evicted. */
  queued = false
  /** Asked for since it was last spared. */
  used = false

  constructor(bucket: number, key: string) {
    this.bucket = bucket
    this.key = key
  }

  /** Only its committed row is known, or nothing. */
  get isSettled(): boolean {
    return this.open === undefined && this.frozen === undefined
  }

  /** What its committed row costs in memory. */
  get cost(): number {
    return costOf(this.key, this.committed)
  }
}

/** Of a row in memory, roughly. */
export function costOf(key: string, row: Row | undefined): number {
  return key.length + (row?.bytes?.length ?? 0) + ROW_OVERHEAD_BYTES
}
