/** Committed offsets: who may commit, limits, what becomes of them with their topic or group. */
import {
  createTopics,
  deleteTopics,
  offsetDelete,
  offsetFetch,
} from '../../lib/kafka/protocol/apis.ts'
import { commitOffset, GroupMember } from './group-calls.ts'
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { fetchOffset, stableOffset, Transactional, V2 } from './transaction-calls.ts'

async function deleteTopic(kafka: RawKafka, topic: string): Promise<void> {
  await kafka.call(deleteTopics, 5, { topicNames: [topic], timeoutMs: 10_000 })
}

export const offsets: readonly Scenario[] = [
  scenario(
    'a group without members takes commits without a generation, and none with one',
    { plain: 0, generation: 22, fetched: { offset: 5, code: 0, metadata: 'm' } },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const generation = await commitOffset(kafka, group, topic, 5, {
        generationId: 3,
        memberId: 'm',
      })
      const plain = await kafka.until(
        () => commitOffset(kafka, group, topic, 5, { metadata: 'm' }),
        (code) => code !== 16 && code !== 15,
      )
      return { plain, generation, fetched: await fetchOffset(kafka, group, topic, true) }
    },
  ),
  scenario(
    'the last commit that arrives holds, also when it goes back',
    { codes: [0, 0, 0], offset: 100 },
    async (kafka) => {
      const topic = await kafka.topic()
      const member = await (await GroupMember.make(kafka, kafka.name('group'))).become()
      const codes = [
        await member.commit(topic, 100),
        await member.commit(topic, 200),
        await member.commit(topic, 100),
      ]
      return { codes, offset: (await fetchOffset(kafka, member.groupId, topic, true)).offset }
    },
  ),
  scenario(
    'metadata of 4,096 bytes is taken, of 4,097 refused for that partition, and the transaction still commits',
    { plain: [0, 12], txn: [0, 12], end: 0, offset: 1 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const [fits, large] = ['x'.repeat(4096), 'x'.repeat(4097)]
      const plain = [
        await commitOffset(kafka, group, topic, 1, { metadata: fits }),
        await commitOffset(kafka, group, topic, 2, { metadata: large }),
      ]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const other = kafka.name('group')
      const txn = [
        await tx.commitOffset(producer, other, { topic, offset: 1, metadata: fits }),
        await tx.commitOffset(producer, other, { topic, offset: 2, metadata: large }),
      ]
      const { errorCode } = await tx.end(producer, true)
      return { plain, txn, end: errorCode, offset: await stableOffset(kafka, other, topic) }
    },
  ),
  scenario(
    'offsets of topics and partitions that are not there: 3',
    { topic: 3, partition: 3 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      return {
        topic: await commitOffset(kafka, group, `${topic}-missing`, 1),
        partition: await commitOffset(kafka, group, topic, 1, { partition: 4 }),
      }
    },
  ),
  scenario(
    'offsets go with their topic and do not come back with its name',
    { before: 5, after: -1, again: -1 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      await commitOffset(kafka, group, topic, 5)
      const look = async () => (await fetchOffset(kafka, group, topic, true)).offset
      const before = await look()
      await deleteTopic(kafka, topic)
      const after = await kafka.until(look, (offset) => offset === -1)
      await kafka.until(
        () =>
          kafka.call(createTopics, 5, {
            topics: [{ name: topic, numPartitions: 1, replicationFactor: 1 }],
            timeoutMs: 10_000,
          }),
        ({ topics }) => topics[0]?.errorCode === 0,
        100,
      )
      return { before, after, again: await look() }
    },
  ),
  scenario(
    'a group that nobody knows has no offsets, and that is no error',
    { one: { offset: -1, code: 0, metadata: '' }, all: [0, 0] },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const all = await kafka.call(offsetFetch, 7, { groupId: group, topics: null })
      return {
        one: await fetchOffset(kafka, group, topic, true),
        all: [all.errorCode, all.topics.length],
      }
    },
  ),
  scenario(
    'OffsetFetch 8 asks for several groups at once',
    { groups: [0, 0], offsets: [1, 2] },
    async (kafka) => {
      const topic = await kafka.topic()
      const names = [kafka.name('group'), kafka.name('group')]
      for (const [index, name] of names.entries()) await commitOffset(kafka, name, topic, index + 1)
      const answer = await kafka.call(offsetFetch, 8, {
        groups: names.map((groupId) => ({
          groupId,
          topics: [{ name: topic, partitionIndexes: [0] }],
        })),
        requireStable: true,
      })
      const found = names.map((name) => answer.groups.find(({ groupId }) => groupId === name))
      return {
        groups: found.map((one) => one?.errorCode),
        offsets: found.map((one) => one?.topics[0]?.partitions[0]?.committedOffset),
      }
    },
  ),
  scenario(
    'a plain commit that came after a transactional one holds when the transaction commits',
    { plain: 0, offset: 8 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.commitOffset(producer, group, { topic, offset: 3 })
      const plain = await commitOffset(kafka, group, topic, 8)
      await tx.endDone(producer, true)
      return { plain, offset: await stableOffset(kafka, group, topic) }
    },
  ),
  scenario(
    'OffsetDelete: offsets of a group without members, of an unknown group, of a topic that is read',
    { deleted: [0, 0], offset: -1, missing: 69, subscribed: 86 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const remove = async (groupId: string) => {
        const answer = await kafka.call(offsetDelete, 0, {
          groupId,
          topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }],
        })
        return [answer.errorCode, answer.topics[0]?.partitions[0]?.errorCode]
      }
      await commitOffset(kafka, group, topic, 5)
      const deleted = await remove(group)
      const { offset } = await fetchOffset(kafka, group, topic, true)
      const metadata = Buffer.alloc(2 + 4 + 2 + topic.length + 4)
      metadata.writeInt32BE(1, 2)
      metadata.writeInt16BE(topic.length, 6)
      metadata.write(topic, 8)
      metadata.writeInt32BE(-1, 8 + topic.length)
      const reader = kafka.name('group')
      const member = await (await GroupMember.make(kafka, reader, { metadata })).become()
      await member.commit(topic, 1)
      return {
        deleted,
        offset,
        missing: (await remove(kafka.name('unknown')))[0],
        subscribed: (await remove(reader))[1],
      }
    },
  ),
]
