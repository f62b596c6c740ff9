/** Idempotent producers: sequences, repeats, epochs, and what a partition forgets. */
import { deleteRecords } from '../../lib/kafka/protocol/apis.ts'
import type { Producer, RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V1, V2 } from './transaction-calls.ts'

async function send(
  kafka: RawKafka,
  topic: string,
  producer: Producer,
  sequence: number,
  count = 1,
) {
  const records = Array.from({ length: count }, () => ({}))
  const { errorCode, baseOffset } = await kafka.produce(topic, { records, producer, sequence })
  return errorCode === 0 ? { code: errorCode, at: baseOffset } : { code: errorCode }
}

export const sequences: readonly Scenario[] = [
  scenario(
    'a repeat of one of the last five batches gives the offset of the first time',
    {
      repeats: [
        { code: 0, at: 1 },
        { code: 0, at: 5 },
      ],
      older: { code: 45 },
      end: 6,
    },
    async (kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.producer(null)
      for (let sequence = 0; sequence < 6; sequence++) await send(kafka, topic, producer, sequence)
      const repeats = [await send(kafka, topic, producer, 1), await send(kafka, topic, producer, 5)]
      const older = await send(kafka, topic, producer, 0)
      return { repeats, older, end: (await kafka.fetch(topic)).highWatermark }
    },
  ),
  scenario(
    'a gap, and another length at the same sequence: 45',
    { gap: { code: 45 }, length: { code: 45 }, next: { code: 0, at: 1 } },
    async (kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.producer(null)
      await send(kafka, topic, producer, 0)
      return {
        gap: await send(kafka, topic, producer, 2),
        length: await send(kafka, topic, producer, 0, 2),
        next: await send(kafka, topic, producer, 1),
      }
    },
  ),
  scenario(
    'a producer that the partition does not know may begin with any sequence; then it is held to it',
    { first: { code: 0, at: 0 }, before: { code: 45 }, next: { code: 0, at: 1 } },
    async (kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.producer(null)
      return {
        first: await send(kafka, topic, producer, 5),
        before: await send(kafka, topic, producer, 4),
        next: await send(kafka, topic, producer, 6),
      }
    },
  ),
  scenario(
    'a V2 transaction begins with sequence 0, a V1 transaction with any',
    { v1: [0, 45, 0], v2: [45, 0] },
    async (kafka) => {
      const topic = await kafka.topic()
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      await one.addPartitions(first, topic)
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      return {
        v1: [
          await one.produce(first, topic, 5),
          await one.produce(first, topic, 0),
          await one.produce(first, topic, 6),
        ],
        v2: [await two.produce(second, topic, 5), await two.produce(second, topic, 0)],
      }
    },
  ),
  scenario(
    'a new epoch begins with sequence 0, and the old one is refused after it',
    { wrong: 45, right: 0, old: 47 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { producerId } = await kafka.producer(null)
      const at = async (producerEpoch: number, sequence: number) =>
        (await send(kafka, topic, { producerId, producerEpoch }, sequence)).code
      await at(0, 0)
      return { wrong: await at(1, 1), right: await at(1, 0), old: await at(0, 1) }
    },
  ),
  scenario(
    'sequences run on within a V1 epoch and begin anew with a V2 epoch',
    { v1: [0, 45, 0], v2: [45, 0] },
    async (kafka) => {
      const topic = await kafka.topic()
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      await one.addPartitions(first, topic)
      const begun = await one.produce(first, topic, 0)
      await one.endDone(first, true)
      await one.addPartitionsSoon(first, topic)
      const v1 = [begun, await one.produce(first, topic, 3), await one.produce(first, topic, 1)]
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      await two.produce(second, topic, 0)
      const next = await two.endDone(second, true)
      await two.addPartitionsSoon(next, topic)
      return { v1, v2: [await two.produce(next, topic, 1), await two.produce(next, topic, 0)] }
    },
  ),
  scenario(
    'deleted records leave the sequence known',
    { next: { code: 0, at: 2 }, gap: { code: 45 } },
    async (kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.producer(null)
      await send(kafka, topic, producer, 0)
      await send(kafka, topic, producer, 1)
      await kafka.call(deleteRecords, 1, {
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
        timeoutMs: 10_000,
      })
      return {
        next: await send(kafka, topic, producer, 2),
        gap: await send(kafka, topic, producer, 9),
      }
    },
  ),
  scenario(
    'a batch without the transactional bit: 48 where its transaction is open, taken elsewhere',
    { alone: 0, within: 48 },
    async (kafka) => {
      const [topic, other] = [await kafka.topic(), await kafka.topic()]
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addPartitions(producer, topic)
      await tx.produce(producer, topic, 0)
      return {
        alone: (await send(kafka, other, producer, 0)).code,
        within: (await send(kafka, topic, producer, 1)).code,
      }
    },
  ),
  scenario(
    'batches behind a refused one: 45, until it is sent again in order',
    { large: 10, behind: { code: 45 }, again: { code: 0, at: 1 }, rest: { code: 0, at: 2 } },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'max.message.bytes': '500' })
      const producer = await kafka.producer(null)
      await send(kafka, topic, producer, 0)
      const { errorCode } = await kafka.produce(topic, {
        records: [{ value: Buffer.alloc(1000) }],
        producer,
        sequence: 1,
      })
      return {
        large: errorCode,
        behind: await send(kafka, topic, producer, 2),
        again: await send(kafka, topic, producer, 1),
        rest: await send(kafka, topic, producer, 2),
      }
    },
  ),
]
