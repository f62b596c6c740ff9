/** Reading: isolation, aborted data, waiting, offsets and epochs. */
import { deleteRecords, listOffsets, offsetForLeaderEpoch } from '../../lib/kafka/protocol/apis.ts'
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V1, V2 } from './transaction-calls.ts'

async function list(
  kafka: RawKafka,
  topic: string,
  timestamp: number,
  o: { committed?: boolean; currentLeaderEpoch?: number; version?: number } = {},
) {
  const { topics } = await kafka.call(listOffsets, o.version ?? 5, {
    isolationLevel: o.committed === true ? 1 : 0,
    topics: [
      {
        name: topic,
        partitions: [
          { partitionIndex: 0, timestamp, currentLeaderEpoch: o.currentLeaderEpoch ?? -1 },
        ],
      },
    ],
  })
  const { errorCode, offset } = topics[0]?.partitions[0] ?? {}
  return errorCode === 0 ? offset : `code ${errorCode}`
}

/** A topic with one record and an open transaction behind it. */
async function openTransaction(kafka: RawKafka) {
  const topic = await kafka.topic()
  await kafka.write(topic, { value: 'plain' })
  const tx = new Transactional(kafka, V1)
  const producer = await tx.begin()
  await tx.addPartitions(producer, topic)
  await tx.produce(producer, topic, 0, 'open')
  await kafka.write(topic, { value: 'behind' })
  return { topic, tx, producer }
}

export const fetching: readonly Scenario[] = [
  scenario(
    'read_committed ends at the first open transaction, read_uncommitted does not',
    { committed: ['plain'], all: ['plain', 'open', 'behind'], lso: 1, hw: 3, aborted: null },
    async (kafka) => {
      const { topic } = await openTransaction(kafka)
      const committed = await kafka.fetch(topic, { committed: true })
      const all = await kafka.fetch(topic)
      return {
        committed: committed.batches.flatMap(({ values }) => values),
        all: all.batches.flatMap(({ values }) => values),
        lso: committed.lastStableOffset,
        hw: committed.highWatermark,
        aborted: all.abortedTransactions,
      }
    },
  ),
  scenario(
    'a read_committed fetch above the last stable offset returns at once, one at it waits',
    { above: ['soon', 0], at: ['late', 0] },
    async (kafka) => {
      const { topic } = await openTransaction(kafka)
      const look = async (offset: number) => {
        const { elapsedMs, batches } = await kafka.fetch(topic, {
          committed: true,
          offset,
          maxWaitMs: 800,
        })
        return [elapsedMs < 400 ? 'soon' : 'late', batches.length]
      }
      return { above: await look(2), at: await look(1) }
    },
  ),
  scenario(
    'a fetch that waits at the last stable offset wakes when the transaction ends',
    { values: ['open', 'behind', null], soon: true },
    async (kafka) => {
      const { topic, tx, producer } = await openTransaction(kafka)
      const on = await kafka.connect()
      const waiting = kafka.fetch(topic, { committed: true, offset: 1, maxWaitMs: 5000, on })
      await kafka.clock.sleep(200)
      await tx.end(producer, true)
      const { elapsedMs } = await waiting
      const { batches } = await kafka.fetch(topic, { committed: true, offset: 1 })
      const values = batches.flatMap((batch) => (batch.control ? [null] : batch.values))
      return { values, soon: elapsedMs < 4000 }
    },
  ),
  scenario(
    'the aborted list comes in the order in which transactions ended',
    { first: [1, 0, 3], middle: 1 },
    async (kafka) => {
      const topic = await kafka.topic()
      const [one, two] = [new Transactional(kafka, V1), new Transactional(kafka, V1)]
      const [a, b] = [await one.begin(), await two.begin()]
      await one.addPartitions(a, topic)
      await one.produce(a, topic, 0)
      await two.addPartitions(b, topic)
      await two.produce(b, topic, 0)
      await two.endDone(b, false)
      await two.endDone(b, false)
      // The marker of the second lies at offset 2.
      await one.produce(a, topic, 1)
      await one.endDone(a, false)
      await one.endDone(a, false)
      await one.addPartitionsSoon(a, topic)
      await one.produce(a, topic, 2)
      const answer = await kafka.fetch(topic, { committed: true, maxWaitMs: 0 })
      const middle = await kafka.fetch(topic, { committed: true, offset: 3, maxWaitMs: 0 })
      const offsets = (answer.abortedTransactions ?? []).map(({ firstOffset }) => firstOffset)
      return {
        first: [...offsets, answer.batches[3]?.offsets[0]],
        middle: middle.abortedTransactions?.length,
      }
    },
  ),
  scenario(
    'markers take offsets and are control batches',
    { control: [false, true, false, true], last: 4 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.produce(producer, topic, 0)
      const next = await tx.endDone(producer, true)
      await tx.addPartitionsSoon(next, topic)
      await tx.produce(next, topic, 0)
      await tx.endDone(next, false)
      const { batches } = await kafka.until(
        () => kafka.fetch(topic, { maxWaitMs: 0 }),
        (answer) => answer.batches.length === 4,
      )
      return {
        control: batches.map(({ control }) => control),
        last: batches.at(-1)?.nextOffset,
      }
    },
  ),
  scenario(
    'a fetch outside the log: 1, without watermarks',
    { above: [1, -1, -1], below: [1, -1, -1], at: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      await kafka.write(topic, {}, {}, {})
      await kafka.call(deleteRecords, 1, {
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
        timeoutMs: 10_000,
      })
      const look = async (offset: number) => {
        const answer = await kafka.fetch(topic, { offset, maxWaitMs: 0 })
        return [answer.errorCode, answer.highWatermark, answer.logStartOffset]
      }
      return { above: await look(4), below: await look(1), at: (await look(3))[0] }
    },
  ),
  scenario(
    'one whole batch comes even when it is larger than asked for',
    { batches: 1, values: 1 },
    async (kafka) => {
      const topic = await kafka.topic()
      await kafka.write(topic, { value: 'x'.repeat(1000) }, { value: 'y'.repeat(1000) })
      const { batches } = await kafka.fetch(topic, { partitionMaxBytes: 100 })
      return { batches: batches.length, values: batches[0]?.values.length }
    },
  ),
  scenario(
    'a fetch within a batch begins with the whole batch',
    { offsets: [0, 1, 2] },
    async (kafka) => {
      const topic = await kafka.topic()
      await kafka.produce(topic, { records: [{}, {}, {}] })
      const { batches } = await kafka.fetch(topic, { offset: 2 })
      return { offsets: batches[0]?.offsets }
    },
  ),
  scenario(
    'a long poll at the end wakes when something is written',
    { values: ['v'], soon: true },
    async (kafka) => {
      const topic = await kafka.topic()
      const waiting = kafka.fetch(topic, { maxWaitMs: 5000, on: await kafka.connect() })
      await kafka.clock.sleep(200)
      await kafka.write(topic, {})
      const { batches, elapsedMs } = await waiting
      return { values: batches[0]?.values, soon: elapsedMs < 4000 }
    },
  ),
  scenario(
    'ListOffsets: both ends, the stable end, times',
    { earliest: 0, latest: 3, stable: 1, at: 0, after: -1 },
    async (kafka) => {
      const { topic } = await openTransaction(kafka)
      return {
        earliest: await list(kafka, topic, -2),
        latest: await list(kafka, topic, -1),
        stable: await list(kafka, topic, -1, { committed: true }),
        at: await list(kafka, topic, 0),
        after: await list(kafka, topic, kafka.clock.now() + 60_000),
      }
    },
  ),
  scenario(
    'ListOffsets by time looks at records, not batches',
    { exact: 1, between: 2, behind: -1, highest: 2 },
    async (kafka) => {
      const topic = await kafka.topic()
      const now = kafka.clock.now() - 1000
      await kafka.produce(topic, {
        records: [{ timestamp: now }, { timestamp: now + 10 }, { timestamp: now + 20 }],
      })
      return {
        exact: await list(kafka, topic, now + 10),
        between: await list(kafka, topic, now + 11),
        behind: await list(kafka, topic, now + 21),
        highest: await list(kafka, topic, -3, { version: 7 }),
      }
    },
  ),
  scenario(
    'a leader epoch that the broker does not know yet: 75',
    { fetch: 75, list: 'code 75', known: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { errorCode } = await kafka.fetch(topic, { currentLeaderEpoch: 7 })
      const known = await kafka.fetch(topic, { currentLeaderEpoch: 0, maxWaitMs: 0 })
      return {
        fetch: errorCode,
        list: await list(kafka, topic, -1, { currentLeaderEpoch: 7 }),
        known: known.errorCode,
      }
    },
  ),
  scenario(
    'OffsetForLeaderEpoch: the end of a known epoch, -1 for one that is not',
    { known: [0, 0, 2], ahead: 75, unknown: [0, -1, -1] },
    async (kafka) => {
      const topic = await kafka.topic()
      await kafka.write(topic, {}, {})
      const ask = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
        const { topics } = await kafka.call(offsetForLeaderEpoch, 3, {
          replicaId: -1,
          topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }],
        })
        const [one] = topics[0]?.partitions ?? []
        return [one?.errorCode, one?.leaderEpoch, one?.endOffset]
      }
      return { known: await ask(0), ahead: (await ask(0, 5))[0], unknown: await ask(5) }
    },
  ),
  scenario(
    'a topic or partition that is not there: 3',
    { topic: 3, partition: 3, produce: 3, list: 'code 3' },
    async (kafka) => {
      const topic = await kafka.topic()
      return {
        topic: (await kafka.fetch(`${topic}-missing`)).errorCode,
        partition: (await kafka.fetch(topic, { partition: 7 })).errorCode,
        produce: (await kafka.produce(`${topic}-missing`, { records: [{}] })).errorCode,
        list: await list(kafka, `${topic}-missing`, -1),
      }
    },
  ),
]
