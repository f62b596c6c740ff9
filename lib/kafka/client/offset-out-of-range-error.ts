/** A position that the log does not have: before its start, or behind its end. */
import { TaskCorruptedError } from '../../core/errors.ts'

export class OffsetOutOfRangeError extends TaskCorruptedError {
  readonly topic: string
  readonly partition: number
  /** What was asked for. */
  readonly offset: number

  constructor(topic: string, partition: number, offset: number) {
    super(
      'OFFSET_OUT_OF_RANGE',
      `${topic} partition ${partition} has no offset ${offset}: what was there has been deleted, or the topic is another one`,
    )
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }
}
