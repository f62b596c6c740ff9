/** The cluster as clients see it: ApiVersions, Metadata, FindCoordinator, DescribeCluster. */
import { apiVersions, describeCluster, findCoordinator, metadata } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Api, ResponseInput } from '../../protocol/message-table.ts'
import type { BrokerState } from '../broker-state.ts'
import type { Topic } from '../topics/topic.ts'
import { TopicConfig } from '../topics/topic-config.ts'
import { topicNameProblem } from '../topics/topic-name.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'

const NO_ID = '0'.repeat(32)
/** First version of FindCoordinator with several keys. */
const KEYS_VERSION = 4
const GROUP = 0
const TRANSACTION = 1

type TopicAnswer = ResponseInput<typeof metadata>['topics'][number]

/** Of these APIs; the list needs all handlers, so it is given. */
export function apiVersionsHandler(apis: () => readonly Api[]): Handler {
  return handler(apiVersions, ({ state }) => ({
    errorCode: ErrorCode.NONE,
    apiKeys: apis().map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max })),
    supportedFeatures: [{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }],
    finalizedFeaturesEpoch: 1,
    finalizedFeatures:
      state.settings.transactionVersion === 0
        ? []
        : [
            {
              name: 'transaction.version',
              maxVersionLevel: state.settings.transactionVersion,
              minVersionLevel: state.settings.transactionVersion,
            },
          ],
  }))
}

export const metadataHandler: Handler = handler(metadata, ({ state, request }) => {
  const { nodes } = state
  const asked = request.topics
  const topics =
    asked === null
      ? state.topics.topics.map((topic) => described(state, topic))
      : asked.map(({ name, topicId }) =>
          name === null
            ? byId(state, topicId)
            : byName(state, name, request.allowAutoTopicCreation),
        )
  return {
    brokers: brokers(state).map(({ nodeId, host, port }) => ({ nodeId, host, port })),
    clusterId: state.clusterId,
    controllerId: nodes.controller,
    topics,
  }
})

function byId(state: BrokerState, topicId: string): TopicAnswer {
  const topic = state.topics.byId(topicId)
  return topic === undefined
    ? missing(ErrorCode.UNKNOWN_TOPIC_ID, null, topicId)
    : described(state, topic)
}

function byName(state: BrokerState, name: string, mayCreate: boolean): TopicAnswer {
  const { settings, topics } = state
  const topic = topics.get(name)
  if (topic !== undefined) return described(state, topic)
  if (topicNameProblem(name) !== undefined)
    return missing(ErrorCode.INVALID_TOPIC_EXCEPTION, name, NO_ID)
  if (!mayCreate || !settings.autoCreateTopics)
    return missing(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, NO_ID)
  return described(state, topics.create(name, settings.defaultPartitions, 1, new TopicConfig()))
}

function missing(errorCode: number, name: string | null, topicId: string): TopicAnswer {
  return { errorCode, name, topicId, partitions: [] }
}

function described({ nodes }: BrokerState, { name, id, partitions }: Topic): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: id,
    partitions: partitions.map(({ index, leader, leaderEpoch, replicas }) => ({
      errorCode: leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
      partitionIndex: index,
      leaderId: leader,
      leaderEpoch,
      replicaNodes: [...replicas],
      isrNodes: replicas.filter((node) => nodes.isUp(node)),
      offlineReplicas: replicas.filter((node) => !nodes.isUp(node)),
    })),
  }
}

function brokers(state: BrokerState) {
  return state.nodes.living.map((nodeId) => ({ nodeId, ...state.addressOf(nodeId) }))
}

export const findCoordinatorHandler: Handler = handler(
  findCoordinator,
  ({ state, version, request }) => {
    const { keyType, key, coordinatorKeys } = request
    if (version >= KEYS_VERSION)
      return {
        coordinators: coordinatorKeys.map((one) => ({
          key: one,
          ...coordinator(state, keyType, one),
        })),
      }
    return coordinator(state, keyType, key)
  },
)

function coordinator(state: BrokerState, keyType: number, key: string) {
  const nodeId = state.nodes.coordinatorOf(key)
  if (keyType !== GROUP && keyType !== TRANSACTION) return noCoordinator(ErrorCode.INVALID_REQUEST)
  if (nodeId < 0) return noCoordinator(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  return { errorCode: ErrorCode.NONE, nodeId, ...state.addressOf(nodeId) }
}

function noCoordinator(errorCode: number) {
  return { errorCode, nodeId: -1, host: '', port: -1 }
}

export const describeClusterHandler: Handler = handler(describeCluster, ({ state }) => ({
  errorCode: ErrorCode.NONE,
  clusterId: state.clusterId,
  controllerId: state.nodes.controller,
  brokers: brokers(state).map(({ nodeId, host, port }) => ({ brokerId: nodeId, host, port })),
}))
