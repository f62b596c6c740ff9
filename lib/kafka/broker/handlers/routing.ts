/** Whether a request reached the node that it is meant for. */
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerState } from '../broker-state.ts'
import type { ConnectionContext } from '../connection-context.ts'
import type { Partition } from '../topics/topic.ts'

/** Of a group or a transactional id. */
export function isCoordinator(
  state: BrokerState,
  context: ConnectionContext,
  key: string,
): boolean {
  return state.nodes.coordinatorOf(key) === context.nodeId
}

/** The partition, if this node leads it and the client knows in which epoch; else a code. */
export function ledPartition(
  context: ConnectionContext,
  partition: Partition | undefined,
  currentLeaderEpoch = -1,
): Partition | number {
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leader !== context.nodeId) return ErrorCode.NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === partition.leaderEpoch) return partition
  return currentLeaderEpoch < partition.leaderEpoch
    ? ErrorCode.FENCED_LEADER_EPOCH
    : ErrorCode.UNKNOWN_LEADER_EPOCH
}
