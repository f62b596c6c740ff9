/**
 * The log of one partition: batches with their offsets, producers, transactions, leader epochs.
 *
 * 1. There is one replica, so the high watermark is the end of the log.
 * 2. The last stable offset is the first offset of the oldest transaction whose marker is not here.
 * 3. What is appended was judged by the caller; appending cannot fail.
 */
import type { AbortedTransaction } from './aborted-transactions.ts'
import { AbortedTransactions } from './aborted-transactions.ts'
import type { BatchHeader } from './batch-header.ts'
import { isCommitMarker, placeBatch, readHeader } from './batch-header.ts'
import { compact } from './compaction.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogFile } from './log-file.ts'
import type { LogLimits } from './log-limits.ts'
import { ProducerStates } from './producer-states.ts'
import { rawRecords } from './raw-records.ts'
import { Segments } from './segments.ts'

export interface ReadResult {
  readonly batches: readonly Buffer[]
  readonly bytes: number
  /** Behind the last batch that was read; the position when there is none. */
  readonly nextOffset: number
}

export interface TimedOffset {
  readonly timestamp: number
  readonly offset: number
}

export class PartitionLog {
  readonly producers: ProducerStates = new ProducerStates()
  readonly epochs: LeaderEpochs = new LeaderEpochs()
  readonly #segments = new Segments()
  readonly #aborted = new AbortedTransactions()
  readonly #file: LogFile | undefined
  readonly #listeners = new Set<() => void>()
  #startOffset = 0
  #endOffset = 0
  #firstOpen: number | undefined
  #cleanedBytes = 0

  constructor(file?: LogFile) {
    this.#file = file
  }

  get startOffset(): number {
    return this.#startOffset
  }

  get endOffset(): number {
    return this.#endOffset
  }

  get lastStableOffset(): number {
    return Math.max(this.#firstOpen ?? this.#endOffset, this.#startOffset)
  }

  /** Calls back after every change until the result is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes the batch over and gives it the next offset. */
  append(batch: Buffer, leaderEpoch: number, limits: LogLimits): number {
    const baseOffset = this.#endOffset
    placeBatch(batch, baseOffset, leaderEpoch)
    this.#take(batch, limits)
    this.#file?.append(batch)
    this.#changed()
    return baseOffset
  }

  /** Takes back what a file kept; the batches have their offsets. */
  load(batches: Iterable<Buffer>, startOffset: number, limits: LogLimits): void {
    for (const batch of batches) {
      const { baseOffset, leaderEpoch } = readHeader(batch)
      if (this.epochs.at(baseOffset) !== leaderEpoch) this.epochs.begin(leaderEpoch, baseOffset)
      this.#take(batch, limits)
    }
    this.#endOffset = Math.max(this.#endOffset, startOffset)
    this.#advanceStart(startOffset)
  }

  /** Whole batches from the one that holds `offset` on, below `limit`; one at least if asked for. */
  read(offset: number, limit: number, maxBytes: number, oneAtLeast: boolean): ReadResult {
    const batches: Buffer[] = []
    let size = 0
    let nextOffset = offset
    for (const { header, bytes } of this.#segments.from(offset)) {
      if (header.baseOffset >= limit) break
      if (size + bytes.length > maxBytes && !(oneAtLeast && size === 0)) break
      batches.push(bytes)
      size += bytes.length
      nextOffset = header.lastOffset + 1
    }
    return { batches, bytes: size, nextOffset }
  }

  abortedBetween(from: number, to: number): readonly AbortedTransaction[] {
    return this.#aborted.between(from, to)
  }

  /** The first record at or after a time, below `limit`. */
  offsetForTime(timestamp: number, limit: number): TimedOffset | undefined {
    for (const { header, bytes } of this.#segments.from(this.#startOffset)) {
      if (header.baseOffset >= limit) return undefined
      if (header.maxTimestamp < timestamp) continue
      const found = rawRecords(bytes).find(
        (record) => record.timestamp >= timestamp && record.offset >= this.#startOffset,
      )
      if (found !== undefined) return { timestamp: found.timestamp, offset: found.offset }
    }
    return undefined
  }

  /** The first of the records with the highest timestamp. */
  maxTimestamp(): TimedOffset | undefined {
    let highest = -1
    for (const { header } of this.#segments.from(this.#startOffset))
      if (header.maxTimestamp > highest) highest = header.maxTimestamp
    return highest < 0 ? undefined : this.offsetForTime(highest, this.#endOffset)
  }

  /** DeleteRecords: readers begin at `offset`. */
  deleteBelow(offset: number): void {
    if (offset <= this.#startOffset) return
    this.#advanceStart(offset)
    this.#rewriteFile()
    this.#changed()
  }

  /** Retention and compaction, as the topic's configuration asks for. */
  maintain(now: number, limits: LogLimits): void {
    const before = this.#startOffset
    if (limits.delete) this.#expire(now, limits)
    const cleaned = limits.compact && this.#clean(now, limits)
    if (cleaned || before !== this.#startOffset) this.#rewriteFile()
    if (before !== this.#startOffset) this.#changed()
  }

  /** Closes its file; the log is not used any more. */
  close(): void {
    this.#file?.close()
    this.#listeners.clear()
  }

  /** Deletes its file, and lets those who wait look again. */
  remove(): void {
    this.#file?.remove()
    this.#changed()
    this.#listeners.clear()
  }

  #take(batch: Buffer, limits: LogLimits): void {
    const header = readHeader(batch)
    this.#segments.append(
      { header, bytes: batch, deleteHorizonMs: undefined },
      { bytes: limits.segmentBytes, ageMs: limits.segmentMs },
    )
    this.#endOffset = header.lastOffset + 1
    if (header.producerId >= 0) this.#note(header, batch)
  }

  #note(header: BatchHeader, batch: Buffer): void {
    if (header.control) {
      const firstOffset = this.producers.ended(header)
      if (firstOffset !== undefined && !isCommitMarker(batch))
        this.#aborted.add({
          producerId: header.producerId,
          firstOffset,
          lastOffset: header.baseOffset,
        })
    } else if (header.baseSequence >= 0) this.producers.appended(header)
    if (header.transactional) this.#firstOpen = this.producers.firstOpen()
  }

  #expire(now: number, limits: LogLimits): void {
    let bytes = this.#segments.bytes
    for (const segment of [...this.#segments.list]) {
      const last = segment.batches.at(-1)
      if (last === undefined || last.header.lastOffset >= this.lastStableOffset) break
      const newest = Math.max(...segment.batches.map(({ header }) => header.maxTimestamp))
      const old = limits.retentionMs >= 0 && now - newest > limits.retentionMs
      const large = limits.retentionBytes >= 0 && bytes - segment.bytes >= limits.retentionBytes
      if (!old && !large) break
      bytes -= segment.bytes
      this.#segments.dropFirst(this.#endOffset)
      this.#advanceStart(last.header.lastOffset + 1)
    }
  }

  #clean(now: number, limits: LogLimits): boolean {
    const closed = this.#segments.list.slice(0, -1)
    const batches = closed.flatMap((segment) => segment.batches)
    const bytes = closed.reduce((sum, segment) => sum + segment.bytes, 0)
    const last = batches.at(-1)
    if (last === undefined || last.header.lastOffset >= this.lastStableOffset) return false
    const due = batches.some(
      ({ deleteHorizonMs = Number.POSITIVE_INFINITY }) => deleteHorizonMs <= now,
    )
    const dirtyBytes = bytes - this.#cleanedBytes
    if (!due && (dirtyBytes <= 0 || dirtyBytes / bytes < limits.minCleanableDirtyRatio))
      return false
    if (now - last.header.maxTimestamp < limits.minCompactionLagMs) return false
    const left = compact(batches, {
      now,
      deleteRetentionMs: limits.deleteRetentionMs,
      producers: this.producers,
      aborted: this.#aborted,
    })
    this.#segments.replaceCleaned(left)
    this.#cleanedBytes = left.reduce((sum, batch) => sum + batch.bytes.length, 0)
    return true
  }

  #advanceStart(offset: number): void {
    this.#startOffset = Math.max(this.#startOffset, offset)
    this.#segments.dropBelow(this.#startOffset)
    this.#aborted.forgetBelow(this.#startOffset)
  }

  #rewriteFile(): void {
    this.#file?.rewrite(this.#segments.batches(), this.#startOffset)
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
