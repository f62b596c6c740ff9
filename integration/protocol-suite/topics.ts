/** Topics and their settings, DeleteRecords, and the cluster's own answers. */
import {
  apiVersions,
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  describeConfigs,
  findCoordinator,
  incrementalAlterConfigs,
  metadata,
} from '../../lib/kafka/protocol/apis.ts'
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'

interface NewTopic {
  readonly name: string
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[]
}

async function create(kafka: RawKafka, topic: NewTopic, validateOnly = false) {
  const { topics } = await kafka.call(createTopics, 5, {
    topics: [{ numPartitions: 1, replicationFactor: 1, ...topic }],
    timeoutMs: 10_000,
    validateOnly,
  })
  return topics[0]?.errorCode
}

async function cut(kafka: RawKafka, topic: string, offset: number, partitionIndex = 0) {
  const { topics } = await kafka.call(deleteRecords, 1, {
    topics: [{ name: topic, partitions: [{ partitionIndex, offset }] }],
    timeoutMs: 10_000,
  })
  const { errorCode, lowWatermark } = topics[0]?.partitions[0] ?? {}
  return [errorCode, lowWatermark]
}

async function setting(kafka: RawKafka, topic: string, name: string) {
  const { results } = await kafka.call(describeConfigs, 1, {
    resources: [{ resourceType: 2, resourceName: topic, configurationKeys: [name] }],
  })
  return [
    results[0]?.errorCode,
    results[0]?.configs[0]?.value,
    results[0]?.configs[0]?.configSource,
  ]
}

export const topics: readonly Scenario[] = [
  scenario(
    'what a topic cannot be made with',
    {
      again: 36,
      name: 17,
      dots: 17,
      collides: 17,
      none: 37,
      factor: 38,
      tooMany: 38,
      key: 40,
      value: 40,
      good: 0,
    },
    async (kafka) => {
      const name = await kafka.topic()
      return {
        again: await create(kafka, { name }),
        name: await create(kafka, { name: 'a b' }),
        dots: await create(kafka, { name: '..' }),
        collides: await create(kafka, { name: `${name}.x` }).then(() =>
          create(kafka, { name: `${name}_x` }),
        ),
        none: await create(kafka, { name: kafka.name('t'), numPartitions: 0 }),
        factor: await create(kafka, { name: kafka.name('t'), replicationFactor: 0 }),
        tooMany: await create(kafka, { name: kafka.name('t'), replicationFactor: 7 }),
        key: await create(kafka, {
          name: kafka.name('t'),
          configs: [{ name: 'no.such', value: '1' }],
        }),
        value: await create(kafka, {
          name: kafka.name('t'),
          configs: [{ name: 'cleanup.policy', value: 'burn' }],
        }),
        good: await create(kafka, { name: kafka.name('t') }),
      }
    },
  ),
  scenario('validateOnly makes nothing', { code: 0, again: 0 }, async (kafka) => {
    const name = kafka.name('t')
    return { code: await create(kafka, { name }, true), again: await create(kafka, { name }) }
  }),
  scenario(
    'a topic has an id, and another one after it was made again',
    { same: true, other: true, gone: 3 },
    async (kafka) => {
      const name = await kafka.topic()
      const look = async () => (await kafka.call(metadata, 12, { topics: [{ name }] })).topics[0]
      const before = await look()
      const same = (await look())?.topicId === before?.topicId
      await kafka.call(deleteTopics, 5, { topicNames: [name], timeoutMs: 10_000 })
      const gone = await kafka.until(look, (topic) => topic?.errorCode !== 0)
      await kafka.until(
        () => create(kafka, { name }),
        (code) => code === 0,
        100,
      )
      const after = await kafka.until(look, (topic) => topic?.errorCode === 0)
      return { same, other: after?.topicId !== before?.topicId, gone: gone?.errorCode }
    },
  ),
  scenario(
    'deleting and growing what is not there, and shrinking',
    { missing: 3, grow: 0, shrink: 37, equal: 37, unknown: 3, partitions: 3 },
    async (kafka) => {
      const name = await kafka.topic(2)
      const grow = async (topic: string, count: number) => {
        const { results } = await kafka.call(createPartitions, 1, {
          topics: [{ name: topic, count }],
          timeoutMs: 10_000,
        })
        return results[0]?.errorCode
      }
      const { responses } = await kafka.call(deleteTopics, 5, {
        topicNames: [`${name}-missing`],
        timeoutMs: 10_000,
      })
      const observed = {
        missing: responses[0]?.errorCode,
        grow: await grow(name, 3),
        shrink: await grow(name, 1),
        equal: await grow(name, 3),
        unknown: await grow(`${name}-missing`, 3),
      }
      const { topics: seen } = await kafka.until(
        () => kafka.call(metadata, 12, { topics: [{ name }] }),
        (answer) => answer.topics[0]?.partitions.length === 3,
      )
      return { ...observed, partitions: seen[0]?.partitions.length }
    },
  ),
  scenario(
    'settings: defaults, given ones, changed ones, refused ones',
    {
      fallback: [0, '604800000', 5],
      given: [0, 'compact', 1],
      changed: [0, '1234', 1],
      back: [0, '604800000', 5],
      refused: [40, 40],
      missing: 3,
    },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'cleanup.policy': 'compact' })
      const alter = async (name: string, value: string | null, configOperation = 0) => {
        const { responses } = await kafka.call(incrementalAlterConfigs, 0, {
          resources: [
            { resourceType: 2, resourceName: topic, configs: [{ name, configOperation, value }] },
          ],
        })
        return responses[0]?.errorCode
      }
      const fallback = await setting(kafka, topic, 'retention.ms')
      const given = await setting(kafka, topic, 'cleanup.policy')
      await alter('retention.ms', '1234')
      const changed = await kafka.until(
        () => setting(kafka, topic, 'retention.ms'),
        ([, value]) => value === '1234',
      )
      await alter('retention.ms', null, 1)
      const back = await kafka.until(
        () => setting(kafka, topic, 'retention.ms'),
        ([, value]) => value === '604800000',
      )
      const refused = [await alter('no.such', '1'), await alter('retention.ms', 'soon')]
      return {
        fallback,
        given,
        changed,
        back,
        refused,
        missing: (await setting(kafka, `${topic}-x`, 'a'))[0],
      }
    },
  ),
  scenario(
    'DeleteRecords: up to an offset, to the end, below the start, beyond the end',
    {
      some: [0, 2],
      again: [0, 2],
      end: [0, 4],
      beyond: [1, -1],
      negative: [1, -1],
      missing: [3, -1],
    },
    async (kafka) => {
      const topic = await kafka.topic()
      await kafka.write(topic, {}, {}, {}, {})
      return {
        some: await cut(kafka, topic, 2),
        again: await cut(kafka, topic, 1),
        end: await cut(kafka, topic, -1),
        beyond: await cut(kafka, topic, 5),
        negative: await cut(kafka, topic, -2),
        missing: await cut(kafka, topic, 0, 3),
      }
    },
  ),
  scenario(
    'DeleteRecords needs the policy delete',
    { compact: [44, -1], both: [0, 1] },
    async (kafka) => {
      const compacted = await kafka.topic(1, { 'cleanup.policy': 'compact' })
      const both = await kafka.topic(1, { 'cleanup.policy': 'compact,delete' })
      await kafka.write(compacted, {}, {})
      await kafka.write(both, {}, {})
      return { compact: await cut(kafka, compacted, 1), both: await cut(kafka, both, 1) }
    },
  ),
  scenario(
    'metadata of topics that are not there, or cannot be',
    { unknown: 3, invalid: 17, id: 100, older: 3 },
    async (kafka) => {
      const code = async (version: number, topic: { name: string | null; topicId?: string }) =>
        (await kafka.call(metadata, version, { topics: [topic] })).topics[0]?.errorCode
      return {
        unknown: await code(12, { name: kafka.name('missing') }),
        invalid: await code(12, { name: 'a b' }),
        id: await code(12, { name: null, topicId: '0123456789abcdef0123456789abcdef' }),
        older: await code(7, { name: kafka.name('missing') }),
      }
    },
  ),
  scenario(
    'coordinators of groups and transactions, one or several at once',
    { group: 0, transaction: 0, kind: 42, several: [0, 0] },
    async (kafka) => {
      const key = kafka.name('key')
      const one = async (keyType: number) =>
        (await kafka.call(findCoordinator, 2, { key, keyType })).errorCode
      const { coordinators } = await kafka.call(findCoordinator, 4, {
        keyType: 0,
        coordinatorKeys: [key, kafka.name('key')],
      })
      return {
        group: await one(0),
        transaction: await one(1),
        kind: await one(9),
        several: coordinators.map(({ errorCode }) => errorCode),
      }
    },
  ),
  scenario(
    'ApiVersions tells the finalized level of transactions',
    { code: 0, level: 2, produce: true },
    async (kafka) => {
      const answer = await kafka.call(apiVersions, 3, {
        clientSoftwareName: 'suite',
        clientSoftwareVersion: '1',
      })
      const level = answer.finalizedFeatures.find(({ name }) => name === 'transaction.version')
      const produce = answer.apiKeys.find(({ apiKey }) => apiKey === 0)
      return {
        code: answer.errorCode,
        level: level?.maxVersionLevel,
        produce: (produce?.maxVersion ?? 0) >= 12,
      }
    },
  ),
  scenario(
    'an API that nobody knows closes the connection',
    { rejected: true, open: false, others: 0 },
    async (kafka) => {
      const connection = await kafka.connect()
      const rejected = await connection
        .send({ apiKey: 999, apiVersion: 0, flexible: false, body: [], timeoutMs: 5000 })
        .then(
          () => false,
          () => true,
        )
      const { errorCode } = await kafka.call(apiVersions, 0, {})
      return { rejected, open: connection.open, others: errorCode }
    },
  ),
]
