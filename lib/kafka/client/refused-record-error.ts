/** A record that reached the broker and was refused there: too large, its time out of bounds, invalid. */
import { RecordError } from '../../core/errors.ts'
import type { RecordMetadata } from '../../core/record.ts'

export interface Refusal {
  readonly topic: string
  readonly partition: number
  /** Kafka's name of the reason, such as `MESSAGE_TOO_LARGE`. */
  readonly reason: string
  /** What the broker said about it, when it did. */
  readonly detail?: string | undefined
  /** What was given to `send` with the record. */
  readonly origin: RecordMetadata | undefined
}

export class RefusedRecordError extends RecordError {
  readonly topic: string
  readonly partition: number
  readonly reason: string
  readonly origin: RecordMetadata | undefined

  constructor(refusal: Refusal) {
    const { topic, partition, reason, detail } = refusal
    const because = detail === undefined || detail === '' ? reason : `${reason}: ${detail}`
    super(
      'RECORD_REFUSED',
      `a record for ${topic} partition ${partition} was refused by the broker (${because}): compare it with the topic's max.message.bytes and message.timestamp limits`,
      { phase: 'produce', node: topic },
    )
    this.topic = topic
    this.partition = partition
    this.reason = reason
    this.origin = refusal.origin
  }
}
