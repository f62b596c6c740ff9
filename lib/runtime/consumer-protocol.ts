/**
 * Kafka's ConsumerProtocol envelope around our own bytes, so that kafka-consumer-groups and other
 * tools can read who has which partitions. Version 0 of both messages; newer ones only add fields
 * behind those that are read here.
 */
const VERSION = 0

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export interface Subscription {
  readonly topics: readonly string[]
  readonly userData: Buffer
}

export interface ConsumerAssignment {
  readonly assigned: readonly TopicPartitions[]
  readonly userData: Buffer
}

export function encodeSubscription(subscription: Subscription): Buffer {
  return Buffer.concat([
    int16(VERSION),
    int32(subscription.topics.length),
    ...subscription.topics.flatMap(text),
    int32(subscription.userData.length),
    subscription.userData,
  ])
}

export function encodeConsumerAssignment(assignment: ConsumerAssignment): Buffer {
  const topics = assignment.assigned.flatMap(({ topic, partitions }) => [
    ...text(topic),
    int32(partitions.length),
    ...partitions.map(int32),
  ])
  return Buffer.concat([
    int16(VERSION),
    int32(assignment.assigned.length),
    ...topics,
    int32(assignment.userData.length),
    assignment.userData,
  ])
}

/** `undefined` when it is cut: somebody else joined our group. */
export function decodeSubscription(bytes: Buffer): Subscription | undefined {
  const cursor = new Cursor(bytes)
  try {
    cursor.int16()
    const topics: string[] = []
    for (let left = cursor.int32(); left > 0; left--) topics.push(cursor.text())
    return { topics, userData: cursor.bytes() }
  } catch {
    return undefined
  }
}

/** `undefined` when it is cut or empty: a member that got nothing. */
export function decodeConsumerAssignment(bytes: Buffer): ConsumerAssignment | undefined {
  const cursor = new Cursor(bytes)
  try {
    cursor.int16()
    const assigned: TopicPartitions[] = []
    for (let left = cursor.int32(); left > 0; left--) {
      const topic = cursor.text()
      const partitions: number[] = []
      for (let more = cursor.int32(); more > 0; more--) partitions.push(cursor.int32())
      assigned.push({ topic, partitions })
    }
    return { assigned, userData: cursor.bytes() }
  } catch {
    return undefined
  }
}

class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    return this.#take(2).readInt16BE(0)
  }

  int32(): number {
    return this.#take(4).readInt32BE(0)
  }

  text(): string {
    return this.#take(this.int16()).toString()
  }

  bytes(): Buffer {
    const length = this.int32()
    return Buffer.from(this.#take(Math.max(0, length)))
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw new RangeError('cut')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): [Buffer, Buffer] {
  const bytes = Buffer.from(value)
  return [int16(bytes.length), bytes]
}
