/**
 * Every code that Kafka answers with, and what we do about it: the only place that knows codes.
 *
 * 1. A code that is not listed is `ambiguous`: whether the request took effect is not known.
 * 2. A reaction says what kind of thing happened; what that means for a request is its caller's.
 * Sources: facts measured on Kafka 4.1, and the error codes of the protocol guide.
 */

export type Reaction =
  /** It worked, perhaps already the first time. */
  | 'none'
  /** Not yet: ask the same node again, later. */
  | 'retry'
  /** Not there: find leader, coordinator or controller anew, then ask again. */
  | 'refresh'
  /** The others are joining the group: commit what there is, then join. */
  | 'rejoin'
  /** Join again with the member id that the answer carries. */
  | 'identify'
  /** The group went on without us; our member id may still be good. */
  | 'stale'
  /** The group does not know our member id any more. */
  | 'forgotten'
  /** Our instance id lives in another process. */
  | 'occupied'
  /** Our producer id or transaction is not ours any more; InitProducerId decides why. */
  | 'fenced'
  /** A gap in front of the batch: harmless behind a failed one, else the transaction is spoiled. */
  | 'sequence'
  /** The transaction can only be aborted. */
  | 'abort'
  /** Too large as it is: smaller batches may pass, a single record never will. */
  | 'split'
  /** A record that the topic does not take. */
  | 'refused'
  /** Offsets are part of an open transaction: what is committed is not known yet. */
  | 'unstable'
  /** The log has no such offset. */
  | 'range'
  /** What should be made is there. */
  | 'exists'
  /** The options or the topology ask for something that the cluster does not allow. */
  | 'config'
  /** Credentials or an ACL are missing. */
  | 'denied'
  /** A bug of ours, or nothing that waiting could help. */
  | 'fatal'
  /** Unknown: may or may not have taken effect. */
  | 'ambiguous'

const REACTIONS: Readonly<Record<number, Reaction>> = {
  [-1]: 'ambiguous', // UNKNOWN_SERVER_ERROR
  0: 'none',
  1: 'range', // OFFSET_OUT_OF_RANGE
  2: 'retry', // CORRUPT_MESSAGE: damaged on its way
  3: 'refresh', // UNKNOWN_TOPIC_OR_PARTITION: also while a broker catches up
  5: 'refresh', // LEADER_NOT_AVAILABLE
  6: 'refresh', // NOT_LEADER_OR_FOLLOWER
  7: 'retry', // REQUEST_TIMED_OUT: a batch was appended; the same sequence again
  8: 'refresh', // BROKER_NOT_AVAILABLE
  9: 'refresh', // REPLICA_NOT_AVAILABLE
  10: 'split', // MESSAGE_TOO_LARGE
  12: 'fatal', // OFFSET_METADATA_TOO_LARGE: for its partition alone, so look at each
  13: 'retry', // NETWORK_EXCEPTION
  14: 'retry', // COORDINATOR_LOAD_IN_PROGRESS
  15: 'refresh', // COORDINATOR_NOT_AVAILABLE
  16: 'refresh', // NOT_COORDINATOR
  17: 'config', // INVALID_TOPIC_EXCEPTION
  18: 'split', // RECORD_LIST_TOO_LARGE
  19: 'retry', // NOT_ENOUGH_REPLICAS
  20: 'retry', // NOT_ENOUGH_REPLICAS_AFTER_APPEND: the same sequence again
  22: 'stale', // ILLEGAL_GENERATION
  23: 'config', // INCONSISTENT_GROUP_PROTOCOL
  24: 'config', // INVALID_GROUP_ID
  25: 'forgotten', // UNKNOWN_MEMBER_ID
  26: 'config', // INVALID_SESSION_TIMEOUT
  27: 'rejoin', // REBALANCE_IN_PROGRESS
  28: 'fatal', // INVALID_COMMIT_OFFSET_SIZE
  29: 'denied', // TOPIC_AUTHORIZATION_FAILED
  30: 'denied', // GROUP_AUTHORIZATION_FAILED
  31: 'denied', // CLUSTER_AUTHORIZATION_FAILED
  32: 'refused', // INVALID_TIMESTAMP
  35: 'fatal', // UNSUPPORTED_VERSION
  36: 'exists', // TOPIC_ALREADY_EXISTS
  37: 'config', // INVALID_PARTITIONS
  38: 'config', // INVALID_REPLICATION_FACTOR
  39: 'config', // INVALID_REPLICA_ASSIGNMENT
  40: 'config', // INVALID_CONFIG
  41: 'refresh', // NOT_CONTROLLER
  42: 'fatal', // INVALID_REQUEST
  43: 'fatal', // UNSUPPORTED_FOR_MESSAGE_FORMAT
  44: 'config', // POLICY_VIOLATION
  45: 'sequence', // OUT_OF_ORDER_SEQUENCE_NUMBER
  46: 'none', // DUPLICATE_SEQUENCE_NUMBER: it was appended
  47: 'fenced', // INVALID_PRODUCER_EPOCH
  48: 'fenced', // INVALID_TXN_STATE: timed out, or decided otherwise
  49: 'fenced', // INVALID_PRODUCER_ID_MAPPING
  50: 'config', // INVALID_TRANSACTION_TIMEOUT
  51: 'retry', // CONCURRENT_TRANSACTIONS: for as long as a marker cannot be written
  52: 'refresh', // TRANSACTION_COORDINATOR_FENCED
  53: 'denied', // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  55: 'retry', // OPERATION_NOT_ATTEMPTED: because of another partition of the request
  56: 'refresh', // KAFKA_STORAGE_ERROR
  58: 'denied', // SASL_AUTHENTICATION_FAILED
  59: 'sequence', // UNKNOWN_PRODUCER_ID
  65: 'denied', // DELEGATION_TOKEN_AUTHORIZATION_FAILED
  66: 'denied', // DELEGATION_TOKEN_EXPIRED
  69: 'refresh', // GROUP_ID_NOT_FOUND
  72: 'refresh', // LISTENER_NOT_FOUND
  73: 'config', // TOPIC_DELETION_DISABLED
  74: 'refresh', // FENCED_LEADER_EPOCH
  75: 'refresh', // UNKNOWN_LEADER_EPOCH
  76: 'config', // UNSUPPORTED_COMPRESSION_TYPE
  78: 'retry', // OFFSET_NOT_AVAILABLE: a new leader does not know its high watermark yet
  79: 'identify', // MEMBER_ID_REQUIRED
  81: 'config', // GROUP_MAX_SIZE_REACHED
  82: 'occupied', // FENCED_INSTANCE_ID
  87: 'refused', // INVALID_RECORD
  88: 'unstable', // UNSTABLE_OFFSET_COMMIT: a transaction over them is open, for as long as that lasts
  89: 'retry', // THROTTLING_QUOTA_EXCEEDED
  90: 'fenced', // PRODUCER_FENCED
  100: 'refresh', // UNKNOWN_TOPIC_ID
  103: 'refresh', // INCONSISTENT_TOPIC_ID
  110: 'stale', // FENCED_MEMBER_EPOCH
  113: 'stale', // STALE_MEMBER_EPOCH
  120: 'abort', // TRANSACTION_ABORTABLE
}

/** What a code asks for. */
export function reactionTo(code: number): Reaction {
  return REACTIONS[code] ?? 'ambiguous'
}

/** Whether a later attempt at the same request may work. */
export function isTransient(reaction: Reaction): boolean {
  return reaction === 'retry' || reaction === 'refresh'
}

/**
 * The code of an answer with several: the first that repeating cannot cure, else one that asks for
 * another node, else one that asks to wait, else 0.
 */
export function decisive(codes: Iterable<number>): number {
  let worst = 0
  for (const code of codes) {
    const reaction = reactionTo(code)
    if (reaction === 'none') continue
    if (!isTransient(reaction)) return code
    if (worst === 0 || reaction === 'refresh') worst = code
  }
  return worst
}
