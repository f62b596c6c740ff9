/**
 * The batches of a partition in order, cut into segments: the unit in which retention deletes, and
 * the last of which compaction leaves alone.
 */
import type { BatchHeader } from './batch-header.ts'

export interface StoredBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
  /** When compaction may drop its tombstones or its marker; set when it first could. */
  readonly deleteHorizonMs: number | undefined
}

export interface Segment {
  readonly baseOffset: number
  batches: StoredBatch[]
  bytes: number
}

export class Segments {
  #list: Segment[] = [{ baseOffset: 0, batches: [], bytes: 0 }]

  get list(): readonly Segment[] {
    return this.#list
  }

  get bytes(): number {
    return this.#list.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  *batches(): Iterable<StoredBatch> {
    for (const segment of this.#list) yield* segment.batches
  }

  /** Appends to the last segment, or to a new one when that would grow too large or too old. */
  append(batch: StoredBatch, limits: { readonly bytes: number; readonly ageMs: number }): void {
    let last = this.#last()
    const first = last.batches[0]
    const full = last.bytes + batch.bytes.length > limits.bytes
    const old =
      first !== undefined && batch.header.maxTimestamp - first.header.maxTimestamp > limits.ageMs
    if (first !== undefined && (full || old)) last = this.roll(batch.header.baseOffset)
    last.batches.push(batch)
    last.bytes += batch.bytes.length
  }

  roll(baseOffset: number): Segment {
    const segment: Segment = { baseOffset, batches: [], bytes: 0 }
    this.#list.push(segment)
    return segment
  }

  /** Drops the first segment; the last one is followed by an empty one first. */
  dropFirst(logEnd: number): void {
    if (this.#list.length === 1) this.roll(logEnd)
    this.#list.shift()
  }

  /** Drops what ends below an offset. */
  dropBelow(offset: number): void {
    while (this.#list.length > 1 && (this.#list[1]?.baseOffset ?? 0) <= offset) this.#list.shift()
    const first = this.#list[0]
    if (first !== undefined)
      refill(
        first,
        first.batches.filter(({ header }) => header.lastOffset >= offset),
      )
  }

  /** Puts other batches in the place of all segments but the last. */
  replaceCleaned(batches: StoredBatch[]): void {
    const cleaned: Segment = { baseOffset: this.#list[0]?.baseOffset ?? 0, batches: [], bytes: 0 }
    refill(cleaned, batches)
    this.#list = [cleaned, this.#last()]
  }

  /** From the first batch that ends at or above an offset on. */
  *from(offset: number): Iterable<StoredBatch> {
    let at = this.#list.findLastIndex((segment) => segment.baseOffset <= offset)
    for (at = Math.max(at, 0); at < this.#list.length; at++) {
      const batches = this.#list[at]?.batches ?? []
      for (let index = firstEndingAt(batches, offset); index < batches.length; index++) {
        const batch = batches[index]
        if (batch !== undefined) yield batch
      }
    }
  }

  #last(): Segment {
    return this.#list.at(-1) ?? this.roll(0)
  }
}

function refill(segment: Segment, batches: StoredBatch[]): void {
  segment.batches = batches
  segment.bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
}

function firstEndingAt(batches: readonly StoredBatch[], offset: number): number {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((batches[middle]?.header.lastOffset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}
