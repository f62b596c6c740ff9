/** Every API that the broker answers, by key. SASL belongs to the doors. */
import type { Api } from '../../protocol/message-table.ts'
import {
  apiVersionsHandler,
  describeClusterHandler,
  findCoordinatorHandler,
  metadataHandler,
} from './cluster.ts'
import {
  alterConfigsHandler,
  describeConfigsHandler,
  incrementalAlterConfigsHandler,
} from './configs.ts'
import { fetchHandler } from './fetch.ts'
import {
  deleteGroupsHandler,
  describeGroupsHandler,
  heartbeatHandler,
  joinGroupHandler,
  leaveGroupHandler,
  listGroupsHandler,
  syncGroupHandler,
} from './groups.ts'
import type { Handler } from './handler.ts'
import {
  deleteRecordsHandler,
  describeProducersHandler,
  listOffsetsHandler,
  offsetForLeaderEpochHandler,
} from './logs.ts'
import {
  offsetCommitHandler,
  offsetDeleteHandler,
  offsetFetchHandler,
  txnOffsetCommitHandler,
} from './offsets.ts'
import { produceHandler } from './produce.ts'
import { createPartitionsHandler, createTopicsHandler, deleteTopicsHandler } from './topics.ts'
import {
  addOffsetsToTxnHandler,
  addPartitionsToTxnHandler,
  describeTransactionsHandler,
  endTxnHandler,
  initProducerIdHandler,
  listTransactionsHandler,
} from './transactions.ts'

const list: readonly Handler[] = [
  produceHandler,
  fetchHandler,
  listOffsetsHandler,
  metadataHandler,
  offsetCommitHandler,
  offsetFetchHandler,
  findCoordinatorHandler,
  joinGroupHandler,
  heartbeatHandler,
  leaveGroupHandler,
  syncGroupHandler,
  describeGroupsHandler,
  listGroupsHandler,
  createTopicsHandler,
  deleteTopicsHandler,
  deleteRecordsHandler,
  initProducerIdHandler,
  offsetForLeaderEpochHandler,
  addPartitionsToTxnHandler,
  addOffsetsToTxnHandler,
  endTxnHandler,
  txnOffsetCommitHandler,
  describeConfigsHandler,
  alterConfigsHandler,
  createPartitionsHandler,
  deleteGroupsHandler,
  incrementalAlterConfigsHandler,
  offsetDeleteHandler,
  describeClusterHandler,
  describeProducersHandler,
  describeTransactionsHandler,
  listTransactionsHandler,
]

const API_VERSIONS_KEY = 18

/** With ApiVersions, which tells of the others and of those that `doors` answer. */
export function allHandlers(doors: readonly Api[]): ReadonlyMap<number, Handler> {
  const handlers = new Map(list.map((one) => [one.api.key, one]))
  const versions: Handler = apiVersionsHandler(() => [
    ...[...handlers.values()].map(({ api }) => api),
    ...doors,
  ])
  return handlers.set(API_VERSIONS_KEY, versions)
}
