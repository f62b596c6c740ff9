/**
 * The demo's own side of Kafka: a stock kafkajs client that makes the topics, feeds them, and reads
 * the results as any other program would. Nothing here belongs to millrace.
 */
import type { Consumer, Producer } from 'kafkajs'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { UsageError } from './arguments.ts'
import type { FedRecord, Feed, Output } from './program.ts'

/** Ten batches a second: often enough for a demo, rarely enough for its processor time. */
const TICK_MS = 100

export interface DemoKafka {
  /** `seen` is the event time that the topics have come to; -1: none. */
  feed(feeds: readonly Feed[], ratePerSecond: number, seen: number): Promise<void>
  /** Rows from now on: those of an earlier run are its own. Resolves once it knows where they begin. */
  watch(output: Output, onRow: (row: readonly string[]) => void): Promise<void>
  stopFeeding(): void
  close(): Promise<void>
}

/** Connects and makes the topics that are missing. Throws a {@link UsageError}. */
export async function connect(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<DemoKafka> {
  const kafka = new Kafka({
    clientId: 'millrace-demo',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    retry: { retries: 1 },
  })
  const admin = kafka.admin()
  try {
    await admin.connect().catch((error: unknown) => {
      throw new UsageError(
        `no Kafka answers at ${brokers.join(',')}: start it, mend --brokers, or leave --brokers out for the embedded broker`,
        { cause: error },
      )
    })
    await admin.createTopics({
      waitForLeaders: true,
      topics: topics.map((topic) => ({ topic, numPartitions: 2 })),
    })
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return new ConnectedKafka(kafka, producer)
}

class ConnectedKafka implements DemoKafka {
  readonly #kafka: Kafka
  readonly #producer: Producer
  #consumer: Consumer | undefined
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<unknown> = Promise.resolve()

  constructor(kafka: Kafka, producer: Producer) {
    this.#kafka = kafka
    this.#producer = producer
  }

  async feed(feeds: readonly Feed[], ratePerSecond: number, seen: number): Promise<void> {
    for (const { topic, rows } of feeds) if (rows !== undefined) await this.#send(topic, rows)
    const streams = feeds.filter((feed) => feed.next !== undefined)
    const perTick = Math.max(1, Math.round((ratePerSecond * TICK_MS) / 1000 / streams.length))
    this.#timer = setInterval(() => {
      for (const { topic, next } of streams) {
        const records = Array.from({ length: perTick }, () => next?.(Date.now(), seen))
        const full = records.filter((record) => record !== undefined)
        // One batch after the other: a broker that is away must not make a queue without end.
        this.#sending = this.#sending.then(() => this.#send(topic, full)).catch(() => undefined)
      }
    }, TICK_MS)
  }

  async #send(topic: string, records: readonly FedRecord[]): Promise<void> {
    await this.#producer.send({
      topic,
      messages: records.map(({ key, value, timestamp }) => ({
        key,
        value,
        ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
      })),
    })
  }

  async watch(output: Output, onRow: (row: readonly string[]) => void): Promise<void> {
    const { topic } = output
    const admin = this.#kafka.admin()
    await admin.connect()
    const ends = await admin.fetchTopicOffsets(topic)
    await admin.disconnect()
    const begins = new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]))
    const groupId = `millrace-demo-${process.pid}-${Date.now()}`
    this.#consumer = this.#kafka.consumer({ groupId, maxWaitTimeInMs: 200 })
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic, fromBeginning: true })
    await this.#consumer.run({
      eachMessage: async ({ partition, message: { key, value, offset } }) => {
        const old = BigInt(offset) < (begins.get(partition) ?? 0n)
        if (!old && key !== null && value !== null) onRow(output.row(key, value))
      },
    })
    for (const { partition, high: offset } of ends)
      this.#consumer.seek({ topic, partition, offset })
  }

  stopFeeding(): void {
    clearInterval(this.#timer)
  }

  async close(): Promise<void> {
    this.stopFeeding()
    await this.#sending
    await this.#consumer?.disconnect().catch(() => undefined)
    await this.#producer.disconnect().catch(() => undefined)
  }
}
