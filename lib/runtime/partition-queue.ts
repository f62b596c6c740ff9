/**
 * Records of one input partition that wait for their task, as the batches that they came in.
 *
 * 1. Only the head is decoded, and only when somebody looks: its timestamp decides whose turn it is.
 * 2. `position` is what commits: the head's offset, or the offset behind all that was handed out.
 * 3. A head that cannot be decoded is handed out like any other, before all others, so that its
 *    error passes through the same policy at the same place.
 */
import type { ErrorPolicy, RecordError } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordView } from '../core/record-view.ts'
import type { Forward } from '../topology/operator.ts'
import type { PartitionEnd } from './task-options.ts'

/** The decoded head, one object per queue, filled anew for each record. */
export interface Head {
  key: unknown
  value: unknown
  timestamp: number
  offset: number
  headers: RecordHeaders
  view: RecordView
  index: number
  /** Why it cannot be processed. */
  error: RecordError | undefined
}

/** Decodes a record into a head; a promise where a serde has something to fetch first. */
export interface HeadReader {
  read(head: Head, partitionTime: number): void | Promise<void>
}

interface Batch {
  readonly view: RecordView
  next: number
  readonly nextOffset: number
}

const NO_VIEW: RecordView = {
  count: 0,
  timestampType: 'CreateTime',
  offset: () => -1,
  timestamp: () => -1,
  key: () => null,
  value: () => null,
  headers: () => EMPTY_HEADERS,
}

/** What a source without children does. */
const NOWHERE: Forward = () => undefined

export class PartitionQueue {
  readonly topic: string
  /** What its source says of records that cannot be decoded. */
  readonly decode: ErrorPolicy | undefined
  /** What a record of it sets off, set by the task whenever its operators are made. */
  entry: Forward = NOWHERE
  /** Highest timestamp handed out; -1 before the first record. */
  partitionTime = -1
  /** When the task first found it at its end, by the wall clock; see `PartitionGroup`. */
  emptySince: number | undefined
  end: PartitionEnd | undefined
  readonly head: Head = {
    key: undefined,
    value: undefined,
    timestamp: -1,
    offset: -1,
    headers: EMPTY_HEADERS,
    view: NO_VIEW,
    index: 0,
    error: undefined,
  }
  readonly #reader: HeadReader
  readonly #batches: Batch[] = []
  #size = 0
  #position: number
  #decoded = false
  #preparing: Promise<void> | undefined
  #life = 0

  constructor(topic: string, reader: HeadReader, position: number, decode?: ErrorPolicy) {
    this.topic = topic
    this.decode = decode
    this.#reader = reader
    this.#position = position
  }

  get size(): number {
    return this.#size
  }

  /** First offset that was not handed out and finished. */
  get position(): number {
    const batch = this.#batches[0]
    return batch === undefined ? this.#position : batch.view.offset(batch.next)
  }

  /** The promise of a head whose serde is fetching something. */
  get preparing(): Promise<void> | undefined {
    return this.#preparing
  }

  add(view: RecordView, firstIndex: number, nextOffset: number): void {
    this.emptySince = undefined
    if (firstIndex >= view.count) {
      // Nothing but markers: with records still queued the next answer moves the position.
      if (this.#batches.length === 0) this.#position = nextOffset
      return
    }
    this.#batches.push({ view, next: firstIndex, nextOffset })
    this.#size += view.count - firstIndex
  }

  setEnd(end: PartitionEnd): void {
    this.end = end
    if (this.#batches.length === 0 && end.position > this.#position) this.#position = end.position
  }

  /** True when the head is decoded, or has been refused. */
  ensureHead(): boolean {
    if (this.#decoded) return true
    const batch = this.#batches[0]
    if (batch === undefined || this.#preparing !== undefined) return false
    const { head } = this
    head.view = batch.view
    head.index = batch.next
    head.offset = batch.view.offset(batch.next)
    head.headers = batch.view.headers(batch.next)
    head.error = undefined
    const pending = this.#reader.read(head, this.partitionTime)
    if (pending === undefined) {
      this.#decoded = true
      return true
    }
    const life = this.#life
    this.#preparing = pending.then(() => {
      if (life !== this.#life) return
      this.#preparing = undefined
      this.#decoded = true
    })
    return false
  }

  /** The head is done with: the position moves behind it. */
  advance(): void {
    const batch = this.#batches[0]
    if (batch === undefined) return
    this.#decoded = false
    this.#size--
    batch.next++
    if (batch.next < batch.view.count) return
    this.#batches.shift()
    this.#position = batch.nextOffset
    if (this.#batches.length > 0) return
    // Markers behind the last record, which were known of before it was done with.
    if (this.end !== undefined && this.end.position > this.#position)
      this.#position = this.end.position
    this.#release()
  }

  /** Empties it and begins at an offset again, as after an abort. */
  reset(position: number, partitionTime: number): void {
    this.#batches.length = 0
    this.#size = 0
    this.#position = position
    this.#decoded = false
    this.#preparing = undefined
    this.#life++
    this.partitionTime = partitionTime
    this.emptySince = undefined
    this.end = undefined
    this.#release()
  }

  /** A batch that is done with must not stay alive through its last record. */
  #release(): void {
    const { head } = this
    head.view = NO_VIEW
    head.key = undefined
    head.value = undefined
    head.headers = EMPTY_HEADERS
    head.error = undefined
  }
}
