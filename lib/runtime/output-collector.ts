/**
 * Where tasks' outputs go: into the transaction under exactly-once, else straight to an idempotent
 * producer. Which topics there are was looked up before, so that nothing here waits.
 */
import { RecordError } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import type { RecordMetadata } from '../core/record.ts'
import type { ClusterMetadata } from '../kafka/client/cluster-metadata.ts'
import type { Collector, OutputBytes, TopicLimits } from './collector.ts'
import type { DeadLetterTopics } from './dead-letter-topics.ts'
import type { OutputLimits } from './output-limits.ts'
import type { ProgressReporter } from './progress.ts'

/** What both producers have. */
export interface OutputProducer {
  readonly bufferedBytes: number
  send(
    topic: string,
    partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers?: RecordHeaders,
    origin?: RecordMetadata,
  ): void
  push(): void
  drain(belowBytes: number): Promise<void>
  flush(): Promise<void>
}

export class OutputCollector implements Collector {
  readonly #producer: OutputProducer
  readonly #limits: OutputLimits
  readonly #progress: ProgressReporter
  readonly #deadLetters: DeadLetterTopics
  #metadata: ClusterMetadata | undefined
  /** That was written to last, and what is known of it. */
  #topic: string | undefined
  #partitions = 0

  constructor(
    producer: OutputProducer,
    limits: OutputLimits,
    progress: ProgressReporter,
    deadLetters: DeadLetterTopics,
  ) {
    this.#producer = producer
    this.#limits = limits
    this.#progress = progress
    this.#deadLetters = deadLetters
  }

  /** The topics as they were last seen. */
  update(metadata: ClusterMetadata): void {
    this.#metadata = metadata
    this.#topic = undefined
  }

  partitionsOf(topic: string): number {
    if (topic === this.#topic) return this.#partitions
    this.#partitions = this.#countPartitions(topic)
    this.#topic = topic
    return this.#partitions
  }

  #countPartitions(topic: string): number {
    const found = this.#metadata?.topics.get(topic)?.partitions.length
    const partitions = found ?? this.#deadLetters.partitionsOf(topic)
    if (partitions !== undefined) return partitions
    throw new RecordError(
      'RECORD_REFUSED',
      `output topic '${topic}' does not exist: create it, or correct the name that was chosen`,
      { phase: 'produce', node: topic },
    )
  }

  limitsOf(topic: string): TopicLimits {
    return this.#limits.of(topic)
  }

  admit(topic: string): Promise<void> | undefined {
    const seen = this.#metadata?.topics.has(topic) === true && this.#limits.knows(topic)
    if (seen || this.#deadLetters.partitionsOf(topic) !== undefined) return undefined
    return this.#deadLetters.admit(topic)
  }

  send(
    topic: string,
    partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
    origin: RecordMetadata | undefined,
  ): void {
    this.#producer.send(topic, partition, key, value, timestamp, headers, origin)
    this.#progress.sent(1)
  }
}
