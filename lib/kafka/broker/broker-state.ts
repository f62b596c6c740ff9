/** What all requests of a cluster share: the state machines, time, and where its nodes are reached. */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { NodeAddress } from '../transport.ts'
import type { GroupCoordinator } from './groups/group-coordinator.ts'
import type { Nodes } from './nodes.ts'
import type { BrokerSettings } from './settings.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'
import type { TransactionGate } from './transactions/transaction-gate.ts'

export interface BrokerState {
  readonly clock: Clock
  readonly random: Random
  readonly settings: BrokerSettings
  readonly clusterId: string
  readonly nodes: Nodes
  readonly topics: TopicCatalog
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly gate: TransactionGate
  addressOf(nodeId: number): NodeAddress
}
