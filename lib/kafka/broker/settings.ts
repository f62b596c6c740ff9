/**
 * What a broker's behaviour hangs on. Defaults are Kafka's where nothing else is said; those that are
 * smaller make rare events common enough for tests and simulations to see them.
 */

export interface BrokerSettings {
  /** Makes a topic when Metadata asks for one and allows it. False. */
  readonly autoCreateTopics: boolean
  /** Of topics that are made without a number. 1. */
  readonly defaultPartitions: number
  /** Finalized level of `transaction.version`: 0, 1 or 2. 2. */
  readonly transactionVersion: number
  /** Producer ids rotate one below it. 300; Kafka's is 32,767. */
  readonly maxProducerEpoch: number
  readonly maxTransactionTimeoutMs: number
  /** Transactions that timed out are looked for this often. 1 s; Kafka's is 10 s. */
  readonly transactionCheckMs: number
  /** How long after EndTxn the marker of a partition is written: least, most. 1 and 4. */
  readonly markerDelayMs: readonly [least: number, most: number]
  /** How long Produce and TxnOffsetCommit wait for the transaction before (V2): step, in all. */
  readonly addPartitionsRetryMs: readonly [step: number, total: number]
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** How long an empty group waits for more members before its first generation. 0; Kafka's is 3 s. */
  readonly initialRebalanceDelayMs: number
  /** How long a member id that was given out may stay unused, and a new member may wait to join. */
  readonly newMemberTimeoutMs: number
  /** All members' metadata and assignments, one record of the offsets topic. 1 MB. */
  readonly maxGroupBytes: number
  readonly maxOffsetMetadataBytes: number
  /** Committed offsets of an empty group live this long. 7 days. */
  readonly offsetsRetentionMs: number
  /** Retention and compaction are looked at this often, when the partition is used. 5 s. */
  readonly maintenanceMs: number
}

export const DEFAULT_SETTINGS: BrokerSettings = {
  autoCreateTopics: false,
  defaultPartitions: 1,
  transactionVersion: 2,
  maxProducerEpoch: 300,
  maxTransactionTimeoutMs: 900_000,
  transactionCheckMs: 1000,
  markerDelayMs: [1, 4],
  addPartitionsRetryMs: [20, 100],
  minSessionTimeoutMs: 1000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 0,
  newMemberTimeoutMs: 300_000,
  maxGroupBytes: 1_048_588,
  maxOffsetMetadataBytes: 4096,
  offsetsRetentionMs: 604_800_000,
  maintenanceMs: 5000,
}
