/**
 * Where records leave a sub-topology: topic, headers, timestamp, bytes and partition of each.
 *
 * What the broker would refuse is refused here, inside the record, so that the policy for produce
 * errors is exact: too large, too old, too far ahead. Nothing is sent before all of it is known.
 */
import { asBuffer } from '../core/bytes.ts'
import type { RecordCode, RecordError } from '../core/errors.ts'
import { messageOf } from '../core/errors.ts'
import type { RecordHeaders } from '../core/headers.ts'
import { EMPTY_HEADERS, toRecordHeaders } from '../core/headers.ts'
import type { SerdeContext, Serializer } from '../core/serde.ts'
import { serdeCode } from '../core/serdes/serde-error.ts'
import type { TextForm } from '../core/serdes/text-form.ts'
import { textFormOf } from '../core/serdes/text-form.ts'
import { partitionFor } from '../kafka/protocol/murmur2.ts'
import type { SinkNode } from '../topology/nodes.ts'
import type { Forward } from '../topology/operator.ts'
import type { Collector, OutputBytes, TopicLimits } from './collector.ts'
import type { Outputs } from './outputs.ts'
import { recordSize } from './record-size.ts'
import type { TaskScope } from './task-scope.ts'

/** One object per sink and part, for the serializers. */
class PartContext implements SerdeContext {
  topic = ''
  readonly part: 'key' | 'value'
  headers: RecordHeaders = EMPTY_HEADERS
  readonly form: TextForm | undefined

  constructor(part: 'key' | 'value', serializer: Serializer<never> | undefined) {
    this.part = part
    this.form = textFormOf(serializer)
  }
}

export interface SinkOptions {
  readonly node: SinkNode
  /** The topic's whole name, prefix included; not used where it is chosen per record. */
  readonly topic: string
  readonly scope: TaskScope
  readonly outputs: Outputs
  readonly collector: Collector
}

export class Sink {
  readonly #node: SinkNode
  readonly #topic: string
  readonly #scope: TaskScope
  readonly #outputs: Outputs
  readonly #collector: Collector
  readonly #key: PartContext
  readonly #value: PartContext
  #keyless: number
  /** The limits last checked against, and a timestamp up to which they held then, so they hold now. */
  #limits: TopicLimits | undefined
  #knownGood = -1

  constructor({ node, topic, scope, outputs, collector }: SinkOptions) {
    this.#node = node
    this.#topic = topic
    this.#scope = scope
    this.#outputs = outputs
    this.#collector = collector
    this.#key = new PartContext('key', node.key)
    this.#value = new PartContext('value', node.value)
    this.#keyless = scope.partition
  }

  readonly process: Forward = (key, value, timestamp, headers) => {
    const node = this.#node
    const scope = this.#scope
    const topic =
      typeof node.topic === 'string'
        ? this.#topic
        : node.topic(value as never, key as never, scope.callbackContext(timestamp, headers))
    const written =
      node.headers === undefined
        ? headers
        : toRecordHeaders(
            node.headers(value as never, key as never, scope.callbackContext(timestamp, headers)),
          )
    const time =
      node.timestamp === undefined
        ? timestamp
        : node.timestamp(value as never, key as never, scope.callbackContext(timestamp, headers))
    const keyBytes = this.#encode(this.#key, node.key, key, topic, written)
    const valueBytes = this.#encode(this.#value, node.value, value, topic, written)
    this.#check(topic, keyBytes, valueBytes, time, written)
    const to = this.#partition(topic, key, value, keyBytes)
    const { origin } = scope
    if (typeof to === 'number')
      this.#outputs.send(topic, to, keyBytes, valueBytes, time, written, origin)
    else
      for (const partition of to)
        this.#outputs.send(topic, partition, keyBytes, valueBytes, time, written, origin)
  }

  #encode(
    context: PartContext,
    serializer: Serializer<never> | undefined,
    data: unknown,
    topic: string,
    headers: RecordHeaders,
  ): OutputBytes | null {
    if (data === null) return null
    if (serializer === undefined) {
      if (data instanceof Uint8Array) return asBuffer(data)
      const why = `the ${context.part} for '${topic}' is of type ${typeof data} and has no serde`
      throw this.#refusal('ENCODE_FAILED', why)
    }
    context.topic = topic
    context.headers = headers
    try {
      const { form } = context
      if (form !== undefined) return form.write(data as never, context)
      return asBuffer(serializer.serialize(data as never, context))
    } catch (error) {
      throw this.#refusal(serdeCode(error, 'ENCODE_FAILED'), messageOf(error), error)
    }
  }

  #check(
    topic: string,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders,
  ): void {
    const limits = this.#collector.limitsOf(topic)
    const size = recordSize(key, value, headers)
    if (size > limits.maxMessageBytes)
      throw this.#refusal(
        'VALUE_TOO_LARGE',
        `a record of ${size} bytes is larger than topic '${topic}' takes ` +
          `(max.message.bytes ${limits.maxMessageBytes}): raise it, or make the record smaller`,
      )
    if (!Number.isSafeInteger(timestamp) || timestamp < 0)
      throw this.#refusal(
        'INVALID_TIMESTAMP',
        `the timestamp for '${topic}' is ${timestamp}, no whole milliseconds since the epoch`,
      )
    if (limits === this.#limits && timestamp <= this.#knownGood) return
    if (limits.timestampType === 'CreateTime') this.#checkTime(topic, timestamp, limits)
  }

  #checkTime(topic: string, timestamp: number, limits: TopicLimits): void {
    const { timestampBeforeMaxMs, timestampAfterMaxMs } = limits
    const now = this.#scope.clock.now()
    const ahead = timestamp - now
    if (ahead > timestampAfterMaxMs)
      throw this.#refusal(
        'TIMESTAMP_TOO_FAR',
        `the timestamp ${timestamp} is ${ahead} ms ahead of the clock; topic '${topic}' takes ` +
          `${timestampAfterMaxMs} ms (message.timestamp.after.max.ms)`,
      )
    if (-ahead > timestampBeforeMaxMs)
      throw this.#refusal(
        'INVALID_TIMESTAMP',
        `the timestamp ${timestamp} is ${-ahead} ms old; topic '${topic}' takes ` +
          `${timestampBeforeMaxMs} ms (message.timestamp.before.max.ms)`,
      )
    this.#limits = limits
    // What is young enough now may be too old later.
    this.#knownGood =
      timestampBeforeMaxMs < Number.MAX_SAFE_INTEGER ? -1 : now + timestampAfterMaxMs
  }

  #partition(
    topic: string,
    key: unknown,
    value: unknown,
    keyBytes: OutputBytes | null,
  ): number | readonly number[] {
    const partitions = this.#collector.partitionsOf(topic)
    const chosen = this.#node.partition?.(value as never, key as never, partitions)
    if (chosen === undefined) {
      if (keyBytes !== null) return partitionFor(this.#choosing(keyBytes), partitions)
      // Kafka promises nothing for records without a key: in turn, beginning at our own partition.
      return this.#keyless++ % partitions
    }
    for (const one of typeof chosen === 'number' ? [chosen] : chosen)
      if (!Number.isInteger(one) || one < 0 || one >= partitions)
        throw new RangeError(
          `the partitioner chose ${one} for topic '${topic}', which has ${partitions} partitions`,
        )
    return chosen
  }

  /** What of a key chooses the partition. */
  #choosing(keyBytes: OutputBytes): OutputBytes {
    const { keyTail } = this.#node
    return keyTail === 0 || typeof keyBytes === 'string' ? keyBytes : keyBytes.subarray(0, -keyTail)
  }

  #refusal(code: RecordCode, why: string, cause?: unknown): RecordError {
    return this.#scope.error(this.#node.name, code, why, cause, 'produce')
  }
}
