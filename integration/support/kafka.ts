/**
 * The tests' own side of Kafka, independent of millrace: a stock kafkajs client writes and makes
 * topics, the JVM's consumer reads what is committed.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { InputRecord, OutputRecord } from '../../scripts/workloads/workload.ts'

const KIT = join(__dirname, '../../scripts/kafka/kafka.mjs')

export const brokers: readonly string[] = (process.env.KAFKA_BROKERS ?? '').split(',')

export function kafkaOf(addresses: readonly string[] = brokers): Kafka {
  return new Kafka({ clientId: 'tests', brokers: [...addresses], logLevel: logLevel.NOTHING })
}

/** The same names on a cluster that has those of other runs. */
export function prefixed(prefix: string, records: readonly InputRecord[]): readonly InputRecord[] {
  return records.map((record) => ({ ...record, topic: `${prefix}${record.topic}` }))
}

/** Runs a verb of the kit and gives its stdout. */
export function kit(...args: readonly string[]): string {
  return execFileSync(process.execPath, [KIT, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 29,
  })
}

export async function createTopics(
  kafka: Kafka,
  topics: readonly string[],
  numPartitions: number,
): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: topics.map((topic) => ({
      topic,
      numPartitions,
      // Workloads count time from 1970: the broker must not delete what is that old.
      configEntries: [{ name: 'retention.ms', value: '-1' }],
    })),
  })
  await admin.disconnect()
}

/** A user's own cluster is left as it was found, but for offsets of groups, which it forgets by itself. */
export async function deleteTopics(kafka: Kafka, prefix: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  await admin.deleteTopics({ topics })
  await admin.disconnect()
}

/** Writes in order, a batch at a time; `pace` is awaited between batches. */
export async function write(
  kafka: Kafka,
  records: readonly InputRecord[],
  batch: number,
  pace: () => Promise<void>,
): Promise<void> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  for (let from = 0; from < records.length; from += batch) {
    const part = records.slice(from, from + batch)
    const topics = [...new Set(part.map(({ topic }) => topic))]
    await producer.sendBatch({
      topicMessages: topics.map((topic) => ({
        topic,
        messages: part
          .filter((record) => record.topic === topic)
          .map(({ key, value, timestamp }) => ({ key, value, timestamp: `${timestamp}` })),
      })),
    })
    await pace()
  }
  await producer.disconnect()
}

interface DumpedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly keyHex?: string
  readonly valueHex?: string
}

export interface CommittedRecord extends OutputRecord {
  readonly offset: number
}

/** What a JVM read_committed consumer sees; fails when a transaction stays open. */
export function committedRecords(
  topic: string,
  addresses: readonly string[] = brokers,
): readonly CommittedRecord[] {
  const bootstrap = addresses.join(',')
  const lines = kit(
    'dump',
    topic,
    '--committed',
    '--settle',
    '20000',
    '--hex',
    '--bootstrap',
    bootstrap,
  )
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const record: DumpedRecord = JSON.parse(line)
      return {
        partition: record.partition,
        offset: record.offset,
        key: Buffer.from(record.keyHex ?? '', 'hex'),
        value: record.valueHex === undefined ? null : Buffer.from(record.valueHex, 'hex'),
        timestamp: record.timestamp,
      }
    })
}
