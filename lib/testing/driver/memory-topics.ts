/**
 * Topics in memory, one partition each: what the driver has instead of a cluster. Records are bytes,
 * as in Kafka; what a span wrote is there once the span is committed.
 */
import { bufferOf } from '../../core/bytes.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { RecordView } from '../../core/record-view.ts'
import type { Collector, OutputBytes, TopicLimits } from '../../runtime/collector.ts'
import { DEFAULT_LIMITS } from '../../runtime/collector.ts'

/** A record as it lies in a topic; its offset is its place. */
export interface StoredRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

interface Pending extends StoredRecord {
  readonly topic: string
}

const NONE: readonly StoredRecord[] = []

export class MemoryTopics implements Collector {
  readonly #topics = new Map<string, StoredRecord[]>()
  #pending: Pending[] = []

  partitionsOf(_topic: string): number {
    return 1
  }

  limitsOf(_topic: string): TopicLimits {
    return DEFAULT_LIMITS
  }

  admit(_topic: string): undefined {}

  send(
    topic: string,
    _partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
  ): void {
    this.#pending.push({
      topic,
      // A topic keeps its records for good; whoever wrote these goes on with his buffers.
      key: key === null ? null : Buffer.from(bufferOf(key)),
      value: value === null ? null : Buffer.from(bufferOf(value)),
      timestamp,
      headers: headers?.copy() ?? EMPTY_HEADERS,
    })
  }

  /** What was sent since the last call can be read now. */
  commit(): void {
    const pending = this.#pending
    this.#pending = []
    for (const { topic, ...record } of pending) this.append(topic, record)
  }

  /** What was sent since the last call never was. */
  abort(): void {
    this.#pending = []
  }

  append(topic: string, record: StoredRecord): void {
    const records = this.#topics.get(topic)
    if (records === undefined) this.#topics.set(topic, [record])
    else records.push(record)
  }

  /** A row behind a store: they have no headers. */
  changelog(topic: string, row: Omit<StoredRecord, 'headers'>): void {
    const { key, value, timestamp } = row
    this.append(topic, { key, value, timestamp, headers: EMPTY_HEADERS })
  }

  records(topic: string): readonly StoredRecord[] {
    return this.#topics.get(topic) ?? NONE
  }

  /** Next offset to be written. */
  end(topic: string): number {
    return this.records(topic).length
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /** The records from an offset on, as one batch. */
  view(topic: string, from: number): RecordView {
    const records = this.records(topic).slice(from)
    return {
      count: records.length,
      timestampType: 'CreateTime',
      offset: (index) => from + index,
      timestamp: (index) => records[index]?.timestamp ?? -1,
      key: (index) => records[index]?.key ?? null,
      value: (index) => records[index]?.value ?? null,
      headers: (index) => records[index]?.headers ?? EMPTY_HEADERS,
    }
  }
}
