/**
 * Turns bytes into the head of a queue: serdes, nulls, event time.
 *
 * What cannot be decoded, has no time or too late a one becomes the head's error (phase decode); the
 * task decides what follows. No time is moved here.
 */
import type { Clock } from '../core/clock.ts'
import type { RecordCode } from '../core/errors.ts'
import { messageOf, RecordError } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { ExtractContext, RecordMetadata, TimestampType } from '../core/record.ts'
import type { SerdeContext } from '../core/serde.ts'
import type { DecodeAt } from '../core/serdes/positional.ts'
import { decodeAtOf } from '../core/serdes/positional.ts'
import { serdeCode } from '../core/serdes/serde-error.ts'
import type { ErasedSerde, SourceNode } from '../topology/nodes.ts'
import type { Head, HeadReader } from './partition-queue.ts'
import { rawOf } from './task-scope.ts'

type Extractor = NonNullable<SourceNode['timestamp']>

/** Kafka's null. */
const ABSENT = Symbol('absent')

/** One object per reader and part: `deserialize` reads it during the call. */
class PartContext implements SerdeContext {
  readonly topic: string
  readonly part: 'key' | 'value'
  headers: RecordHeaders = EMPTY_HEADERS
  /** Undefined: the serde needs bytes of its own. */
  readonly #decodeAt: DecodeAt | undefined

  constructor(topic: string, part: 'key' | 'value', serde: ErasedSerde | undefined) {
    this.topic = topic
    this.part = part
    this.#decodeAt = decodeAtOf(serde)
  }

  /** `ABSENT` where there are no bytes; the bytes themselves without a serde. */
  read({ view, index, headers }: Head, serde: ErasedSerde | undefined): unknown {
    this.headers = headers
    const isKey = this.part === 'key'
    const decode = this.#decodeAt
    // No such decoder gives null: that is what the view says where there is nothing.
    if (decode !== undefined && view.decodeKey !== undefined && view.decodeValue !== undefined)
      return (
        (isKey ? view.decodeKey(index, decode, this) : view.decodeValue(index, decode, this)) ??
        ABSENT
      )
    const bytes = isKey ? view.key(index) : view.value(index)
    if (bytes === null) return ABSENT
    return serde === undefined ? bytes : serde.deserialize(bytes, this)
  }
}

export interface RecordReaderOptions {
  readonly source: SourceNode
  readonly topic: string
  readonly partition: number
  readonly clock: Clock
  /** Left out: timestamps have no limit. */
  readonly maxFutureSkewMs?: number | undefined
  readonly streamTime: () => number
}

export class RecordReader implements HeadReader {
  readonly #source: SourceNode
  readonly #topic: string
  readonly #partition: number
  readonly #clock: Clock
  readonly #skewMs: number | undefined
  readonly #key: PartContext
  readonly #value: PartContext
  readonly #prepares: boolean
  readonly #extract: ExtractHead
  /** A timestamp up to here was within the skew at some time before now, so it is now. */
  #knownGood = Number.NEGATIVE_INFINITY

  constructor(options: RecordReaderOptions) {
    const { source, topic, partition, clock, maxFutureSkewMs, streamTime } = options
    this.#source = source
    this.#topic = topic
    this.#partition = partition
    this.#clock = clock
    this.#skewMs = maxFutureSkewMs
    this.#key = new PartContext(topic, 'key', source.key)
    this.#value = new PartContext(topic, 'value', source.value)
    this.#prepares = source.key?.prepare !== undefined || source.value?.prepare !== undefined
    this.#extract = new ExtractHead(topic, partition, streamTime)
  }

  read(head: Head, partitionTime: number): void | Promise<void> {
    if (this.#prepares) {
      const pending = this.#prepare(head)
      if (pending !== undefined)
        return pending.then(
          () => this.#decode(head, partitionTime),
          (error: unknown) => {
            this.#fail(head, 'DECODE_FAILED', 'prepare the serde of', messageOf(error), error)
          },
        )
    }
    this.#decode(head, partitionTime)
  }

  #decode(head: Head, partitionTime: number): void {
    const { key, value, nullKey, nullValue } = this.#source
    if (!this.#part(head, this.#key, key, nullKey)) return
    if (!this.#part(head, this.#value, value, nullValue)) return
    const { timestamp } = this.#source
    if (timestamp === undefined) head.timestamp = head.view.timestamp(head.index)
    else if (!this.#extractTime(head, timestamp, partitionTime)) return
    this.#checkTime(head)
  }

  /** False after it has failed. */
  #part(head: Head, part: PartContext, serde: ErasedSerde | undefined, nullable: boolean): boolean {
    let decoded: unknown
    try {
      decoded = part.read(head, serde)
    } catch (error) {
      const code = serdeCode(error, 'DECODE_FAILED')
      return this.#fail(head, code, `decode the ${part.part} of`, messageOf(error), error)
    }
    if (decoded === ABSENT) {
      if (!nullable) return this.#refuseNull(head, part.part)
      decoded = null
    }
    if (part.part === 'key') head.key = decoded
    else head.value = decoded
    return true
  }

  #refuseNull(head: Head, part: 'key' | 'value'): false {
    const code = part === 'key' ? 'NULL_KEY' : 'NULL_VALUE'
    const remedy = 'it is null: give serdes.nullable(…) as its serde to let nulls in'
    return this.#fail(head, code, `take the ${part} of`, remedy)
  }

  #extractTime(head: Head, extract: Extractor, partitionTime: number): boolean {
    this.#extract.set(head, partitionTime)
    try {
      head.timestamp = extract(head.value as never, head.key as never, this.#extract)
    } catch (error) {
      const what = 'extract the timestamp of'
      return this.#fail(head, 'CALLBACK_FAILED', what, messageOf(error), error)
    }
    return true
  }

  #checkTime(head: Head): void {
    const { timestamp } = head
    if (timestamp <= this.#knownGood && timestamp >= 0 && Number.isInteger(timestamp)) return
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
      const why = `${String(timestamp)} is not a whole number of milliseconds since the epoch`
      this.#fail(head, 'INVALID_TIMESTAMP', 'use the timestamp of', why)
      return
    }
    if (this.#skewMs === undefined) this.#knownGood = Number.MAX_SAFE_INTEGER
    else this.#knownGood = this.#clock.now() + this.#skewMs
    if (timestamp <= this.#knownGood) return
    const why = `${timestamp} is more than maxFutureSkew (${this.#skewMs} ms) ahead of this clock`
    this.#fail(head, 'TIMESTAMP_TOO_FAR', 'use the timestamp of', why)
  }

  #prepare(head: Head): Promise<unknown> | undefined {
    const pending: Promise<void>[] = []
    for (const [serde, part] of [
      [this.#source.key, this.#key],
      [this.#source.value, this.#value],
    ] as const) {
      const bytes = part.part === 'key' ? head.view.key(head.index) : head.view.value(head.index)
      if (bytes === null) continue
      part.headers = head.headers
      const promise = serde?.prepare?.(bytes, part)
      if (promise !== undefined) pending.push(promise)
    }
    return pending.length === 0 ? undefined : Promise.all(pending)
  }

  #fail(head: Head, code: RecordCode, what: string, why: string, cause?: unknown): false {
    const recordMetadata: RecordMetadata = {
      topic: this.#topic,
      partition: this.#partition,
      offset: head.offset,
    }
    const node = this.#source.name
    const where = `${this.#topic}/${this.#partition} at offset ${head.offset}`
    head.error = new RecordError(code, `node '${node}' cannot ${what} ${where}: ${why}`, {
      phase: 'decode',
      node,
      recordMetadata,
      raw: rawOf(head),
      cause,
    })
    return false
  }
}

/** What a timestamp extractor sees: the record is not handed out yet. */
class ExtractHead implements ExtractContext {
  timestamp = -1
  timestampType: TimestampType | undefined
  headers: RecordHeaders = EMPTY_HEADERS
  partitionTime = -1
  readonly #topic: string
  readonly #partition: number
  readonly #streamTime: () => number
  #offset = -1

  constructor(topic: string, partition: number, streamTime: () => number) {
    this.#topic = topic
    this.#partition = partition
    this.#streamTime = streamTime
  }

  set(head: Head, partitionTime: number): void {
    this.timestamp = head.view.timestamp(head.index)
    this.timestampType = head.view.timestampType
    this.headers = head.headers
    this.partitionTime = partitionTime
    this.#offset = head.offset
  }

  get recordMetadata(): RecordMetadata {
    return { topic: this.#topic, partition: this.#partition, offset: this.#offset }
  }

  get streamTime(): number {
    return this.#streamTime()
  }
}
