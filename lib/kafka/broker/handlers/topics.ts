/** Making, growing and deleting topics. */
import { createPartitions, createTopics, deleteTopics } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { RequestOf } from '../../protocol/message-table.ts'
import type { BrokerState } from '../broker-state.ts'
import type { Topic } from '../topics/topic.ts'
import { settingProblem, TopicConfig } from '../topics/topic-config.ts'
import { topicNameProblem } from '../topics/topic-name.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'

const NO_ID = '0'.repeat(32)
/** First version of DeleteTopics that takes ids. */
const IDS_VERSION = 6
/** Config source of what a topic was given, and of a default. */
const TOPIC_SOURCE = 1
const DEFAULT_SOURCE = 5
const REPLICATION = 1

type NewTopic = RequestOf<typeof createTopics>['topics'][number]

/** A code and what to tell a person. */
type Problem = readonly [code: number, message: string]

export const createTopicsHandler: Handler = handler(createTopics, ({ state, request }) => {
  const names = request.topics.map(({ name }) => name)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return {
    topics: request.topics
      .filter(({ name }, index) => names.indexOf(name) === index)
      .map((asked) => {
        const { name } = asked
        const problem: Problem | undefined = twice.has(name)
          ? [ErrorCode.INVALID_REQUEST, 'Duplicate topic name.']
          : creationProblem(state, asked)
        if (problem !== undefined) {
          const [errorCode, errorMessage] = problem
          return { name, errorCode, errorMessage }
        }
        return created(state, asked, request.validateOnly)
      }),
  }
})

function creationProblem(state: BrokerState, asked: NewTopic): Problem | undefined {
  const { name, numPartitions, replicationFactor, assignments } = asked
  const nameProblem = topicNameProblem(name)
  if (nameProblem !== undefined) return [ErrorCode.INVALID_TOPIC_EXCEPTION, nameProblem]
  if (state.topics.get(name) !== undefined)
    return [ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`]
  const folded = name.replaceAll('.', '_')
  const colliding = state.topics.topics.find((topic) => topic.name.replaceAll('.', '_') === folded)
  if (colliding !== undefined)
    return [
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${name}' collides with existing topic: ${colliding.name}`,
    ]
  if (assignments.length > 0)
    return numPartitions === -1 && replicationFactor === -1
      ? configProblem(asked)
      : [ErrorCode.INVALID_REQUEST, 'Numbers and assignments were both given.']
  if (replicationFactor === 0 || replicationFactor < -1)
    return [ErrorCode.INVALID_REPLICATION_FACTOR, 'Replication factor must be larger than 0.']
  if (numPartitions === 0 || numPartitions < -1)
    return [ErrorCode.INVALID_PARTITIONS, 'Number of partitions must be larger than 0.']
  if (replicationFactor > state.nodes.living.length)
    return [
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): ${state.nodes.living.length} broker(s) are registered.`,
    ]
  return configProblem(asked)
}

function configProblem({ configs }: NewTopic): Problem | undefined {
  for (const { name, value } of configs) {
    const problem =
      value === null
        ? `Null value not supported for topic configs: ${name}`
        : settingProblem(name, value)
    if (problem !== undefined) return [ErrorCode.INVALID_CONFIG, problem]
  }
  return undefined
}

function created(state: BrokerState, asked: NewTopic, validateOnly: boolean) {
  const { name, numPartitions, assignments, configs } = asked
  const config = new TopicConfig(configs.map((one) => [one.name, one.value ?? ''] as const))
  const count =
    assignments.length > 0
      ? assignments.length
      : numPartitions < 0
        ? state.settings.defaultPartitions
        : numPartitions
  const replication = asked.replicationFactor < 0 ? REPLICATION : asked.replicationFactor
  const topic = validateOnly ? undefined : state.topics.create(name, count, replication, config)
  return {
    name,
    topicId: topic?.id ?? NO_ID,
    errorCode: ErrorCode.NONE,
    numPartitions: count,
    replicationFactor: replication,
    configs: config.all().map((setting) => ({
      name: setting.name,
      value: setting.value,
      readOnly: false,
      configSource: setting.isDefault ? DEFAULT_SOURCE : TOPIC_SOURCE,
      isSensitive: false,
    })),
  }
}

export const deleteTopicsHandler: Handler = handler(deleteTopics, ({ state, version, request }) => {
  if (version < IDS_VERSION)
    return { responses: request.topicNames.map((name) => deleteNamed(state, name)) }
  return {
    responses: request.topics.map(({ name, topicId }) => {
      if (name !== null) return deleteNamed(state, name)
      const topic = state.topics.byId(topicId)
      return topic === undefined
        ? { name: null, topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
        : deleteTopic(state, topic)
    }),
  }
})

function deleteNamed(state: BrokerState, name: string) {
  const topic = state.topics.get(name)
  return topic === undefined
    ? { name, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
    : deleteTopic(state, topic)
}

function deleteTopic(state: BrokerState, topic: Topic) {
  state.topics.delete(topic)
  state.groups.forgetTopic(topic.name)
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE }
}

export const createPartitionsHandler: Handler = handler(createPartitions, ({ state, request }) => ({
  results: request.topics.map(({ name, count }) => {
    const topic = state.topics.get(name)
    if (topic === undefined) return { name, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
    const now = topic.partitions.length
    if (count <= now)
      return {
        name,
        errorCode: ErrorCode.INVALID_PARTITIONS,
        errorMessage: `The topic ${name} currently has ${now} partition(s); ${count} would not be an increase.`,
      }
    const replication = topic.partitions[0]?.replicas.length ?? REPLICATION
    if (!request.validateOnly) state.topics.grow(topic, count, replication)
    return { name, errorCode: ErrorCode.NONE }
  }),
}))
