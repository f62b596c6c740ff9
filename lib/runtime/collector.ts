/**
 * PORT of a task to what writes its output: the worker's producer, or the driver's topics.
 *
 * 1. `send` gets records in the order in which the topology made them; buffers are the receiver's
 *    to keep, nobody changes them afterwards; ASCII text comes as it is.
 * 2. What Kafka would refuse is found before `send`, so `limitsOf` is known when the task is made.
 */
import type { RecordHeaders } from '../core/headers.ts'
import type { RecordMetadata, TimestampType } from '../core/record.ts'

/** What a topic accepts. Kafka's defaults where the cluster would not say. */
export interface TopicLimits {
  /** `max.message.bytes`: of a batch, so of a record with what surrounds it. */
  readonly maxMessageBytes: number
  readonly timestampType: TimestampType
  /** `message.timestamp.before.max.ms` and `after.max.ms`, against the clock at the write. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

/** Of a broker that was not configured otherwise, before Kafka 4 gave timestamps a limit. */
export const DEFAULT_LIMITS: TopicLimits = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
}

/** A string has one char a byte. */
export type OutputBytes = Buffer | string

export interface Collector {
  /** Throws a RecordError when there is no such topic: one was chosen by a callback. */
  partitionsOf(topic: string): number
  limitsOf(topic: string): TopicLimits
  /**
   * Asked before a dead letter: its topic may have been chosen by a function, so that nobody looked
   * for it. Undefined: it can be written to. Rejects with ConfigError TOPIC_MISSING.
   */
  admit(topic: string): Promise<void> | undefined
  /**
   * `origin`: the input record that it came of; none behind punctuators and `emit`. One object that
   * is filled anew for each record: copied if kept.
   */
  send(
    topic: string,
    partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
    origin: RecordMetadata | undefined,
  ): void
}
