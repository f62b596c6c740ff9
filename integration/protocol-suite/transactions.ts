/** Transactions as they go well, and what each request answers where it does not belong. */
import {
  addPartitionsToTxn,
  describeTransactions,
  txnOffsetCommit,
} from '../../lib/kafka/protocol/apis.ts'
import type { Scenario } from './scenario.ts'
import { aloneScenario, scenario } from './scenario.ts'
import { fetchOffset, stableOffset, Transactional, V1, V2 } from './transaction-calls.ts'

export const transactions: readonly Scenario[] = [
  scenario(
    'a V1 transaction commits output and offsets together',
    { codes: [0, 0, 0, 0], end: 0, offset: 7, values: ['a'] },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      const codes = [
        await tx.addPartitions(producer, topic),
        await tx.produce(producer, topic, 0, 'a'),
        await tx.addOffsets(producer, group),
        await tx.commitOffset(producer, group, { topic, offset: 7 }),
      ]
      const { errorCode } = await tx.end(producer, true)
      const offset = await stableOffset(kafka, group, topic)
      const { batches } = await kafka.fetch(topic, { committed: true, maxWaitMs: 2000 })
      return { codes, end: errorCode, offset, values: batches[0]?.values }
    },
  ),
  scenario(
    'a V2 transaction needs no AddPartitions and moves the epoch',
    { codes: [0, 0], end: 0, epochs: [0, 1], sameId: true, offset: 7 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const codes = [
        await tx.produce(producer, topic, 0),
        await tx.commitOffset(producer, group, { topic, offset: 7 }),
      ]
      const end = await tx.end(producer, true)
      return {
        codes,
        end: end.errorCode,
        epochs: [producer.producerEpoch, end.producerEpoch],
        sameId: end.producerId === producer.producerId,
        offset: await stableOffset(kafka, group, topic),
      }
    },
  ),
  scenario(
    'V2 with explicit AddPartitions keeps the epoch bump',
    { add: 0, produce: 0, end: 0, epoch: 1, again: [0, 0, 0, 2] },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const add = await tx.addPartitions(producer, topic)
      const produce = await tx.produce(producer, topic, 0)
      const end = await tx.end(producer, true)
      const again = [await tx.addPartitionsSoon(end, topic), await tx.produce(end, topic, 0)]
      const second = await tx.end(end, true)
      return {
        add,
        produce,
        end: end.errorCode,
        epoch: end.producerEpoch,
        again: [...again, second.errorCode, second.producerEpoch],
      }
    },
  ),
  aloneScenario(
    'a partition that is not in the transaction: 48, 120, or added',
    { v7: 48, v11: 120, v12: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const code = async (version: number) => {
        const tx = new Transactional(kafka, V1)
        return tx.produce(await tx.begin(), topic, 0, 'v', version)
      }
      return { v7: await code(7), v11: await code(11), v12: await code(12) }
    },
  ),
  aloneScenario(
    'offsets of a group that is not in the transaction: 48, 120, or added',
    { v3: 48, v4: 120, v5: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const code = async (version: number) => {
        const tx = new Transactional(kafka, V1)
        const group = kafka.name('group')
        return tx.commitOffset(await tx.begin(), group, { topic, offset: 1 }, version)
      }
      return { v3: await code(3), v4: await code(4), v5: await code(5) }
    },
  ),
  scenario(
    'TxnOffsetCommit without partitions is answered without any check',
    { topics: [] },
    async (kafka) => {
      const answer = await kafka.call(txnOffsetCommit, 3, {
        transactionalId: kafka.name('tx'),
        groupId: kafka.name('group'),
        producerId: 12_345_678,
        producerEpoch: 3,
        generationId: 17,
        memberId: 'nobody',
        topics: [],
      })
      return { topics: answer.topics }
    },
  ),
  scenario(
    'offsets of a topic or partition that is not there are refused alone',
    { topic: 3, partition: 3, good: 0, end: 0 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const good = await tx.commitOffset(producer, group, { topic, offset: 1 })
      return {
        topic: await tx.commitOffset(producer, group, { topic: `${topic}-missing`, offset: 1 }),
        partition: await tx.commitOffset(producer, group, { topic, partition: 9, offset: 1 }),
        good,
        end: (await tx.end(producer, true)).errorCode,
      }
    },
  ),
  scenario(
    'a missing partition keeps AddPartitions from adding the others',
    { codes: [55, 3] },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      const { producerId, producerEpoch } = await tx.begin()
      const { resultsByTopic } = await kafka.call(addPartitionsToTxn, 1, {
        transactionalId: tx.id,
        producerId,
        producerEpoch,
        topics: [{ name: topic, partitions: [0, 9] }],
      })
      const results = [...(resultsByTopic[0]?.resultsByPartition ?? [])].sort(
        (a, b) => a.partitionIndex - b.partitionIndex,
      )
      return { codes: results.map(({ partitionErrorCode }) => partitionErrorCode) }
    },
  ),
  scenario(
    'pending offsets: 88 for stable reads, the old offset for others, and back after an abort',
    {
      before: { offset: 3, code: 0, metadata: '' },
      open: { offset: -1, code: 88, metadata: '' },
      unstable: { offset: 3, code: 0, metadata: '' },
      after: 3,
    },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.commitOffset(producer, group, { topic, offset: 3 })
      const next = await tx.endDone(producer, true)
      await stableOffset(kafka, group, topic)
      const before = await fetchOffset(kafka, group, topic, true)
      await tx.addPartitionsSoon(next, topic)
      await tx.commitOffset(next, group, { topic, offset: 9 })
      const open = await fetchOffset(kafka, group, topic, true)
      const unstable = await fetchOffset(kafka, group, topic, false)
      await tx.endDone(next, false)
      return { before, open, unstable, after: await stableOffset(kafka, group, topic) }
    },
  ),
  scenario('AddOffsets alone leaves the offsets stable', { code: 0, offset: -1 }, async (kafka) => {
    const [topic, group] = [await kafka.topic(), kafka.name('group')]
    const tx = new Transactional(kafka, V1)
    await tx.addOffsets(await tx.begin(), group)
    const { code, offset } = await fetchOffset(kafka, group, topic, true)
    return { code, offset }
  }),
  scenario(
    'DescribeTransactions names the state and what is written to',
    { open: [0, 'Ongoing', true], done: [0, 'CompleteCommit', false], missing: 105 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.produce(producer, topic, 0)
      const look = async (id: string) => {
        const answer = await kafka.call(describeTransactions, 0, { transactionalIds: [id] })
        const [one] = answer.transactionStates
        const topics = one?.topics.map((each) => each.topic) ?? []
        return [one?.errorCode, one?.transactionState, topics.includes(topic)] as const
      }
      const open = await look(tx.id)
      await tx.endDone(producer, true)
      const done = await kafka.until(
        () => look(tx.id),
        ([, state]) => state === 'CompleteCommit',
      )
      const [missing] = await look(kafka.name('unknown'))
      return { open, done, missing }
    },
  ),
]
