/**
 * Every error that millrace throws on purpose: the class is the reaction, `code` the cause.
 *
 * `error.code === 'X'` is the test to write; `instanceof` breaks when two copies are installed.
 * Errors of other libraries arrive as `cause`, never bare: each adapter has one translation.
 */
import type { RecordMetadata } from './record.ts'

export type ConfigCode =
  | 'INVALID_OPTION'
  | 'INVALID_NAME'
  | 'DUPLICATE_NAME'
  | 'NAME_REQUIRED'
  | 'STORE_MISMATCH'
  | 'NOT_COPARTITIONED'
  | 'TOPIC_MISSING'
  | 'TOPIC_MISCONFIGURED'
  | 'PEER_MISSING'
  | 'CLUSTER_TOO_OLD'
  | 'STATE_DIR_IN_USE'
  | 'NOT_REPLAYABLE'
  | 'BUILT'
  | 'STARTED'
  | 'STOPPED'

export type RecordCode =
  | 'DECODE_FAILED'
  | 'UNSAFE_INTEGER'
  | 'NULL_KEY'
  | 'NULL_VALUE'
  | 'INVALID_TIMESTAMP'
  | 'TIMESTAMP_TOO_FAR'
  | 'CALLBACK_FAILED'
  | 'CALLBACK_TIMEOUT'
  | 'ENCODE_FAILED'
  | 'VALUE_TOO_LARGE'
  | 'RECORD_REFUSED'
  | 'COMPLETE_TOO_LARGE'

export type RetriableCode =
  | 'BROKER_UNAVAILABLE'
  | 'COORDINATOR_MOVED'
  | 'REQUEST_TIMEOUT'
  | 'OFFSETS_UNSTABLE'
  | 'TRANSACTION_PENDING'
  | 'TRANSACTION_ABORTED'

export type MigratedCode = 'FENCED' | 'GENERATION_ENDED' | 'PARTITION_LOST'

export type CorruptedCode = 'STATE_DAMAGED' | 'STATE_STALE' | 'OFFSET_OUT_OF_RANGE'

export type FatalCode =
  | 'AUTHENTICATION_FAILED'
  | 'AUTHORIZATION_FAILED'
  | 'TOPIC_DELETED'
  | 'TOPIC_RECREATED'
  | 'CHANGELOG_MISSING'
  | 'CHANGELOG_TRUNCATED'
  | 'CHANGELOG_DIVERGED'
  | 'STATE_FOREIGN'
  | 'OFFSETS_VANISHED'
  | 'OFFSETS_REWOUND'
  | 'INSTANCE_ID_IN_USE'
  | 'PROCESS_ID_IN_USE'
  | 'RETRIES_EXHAUSTED'
  | 'STOP_TIMEOUT'
  | 'INTERNAL'

export type ErrorCode =
  | ConfigCode
  | RecordCode
  | RetriableCode
  | MigratedCode
  | CorruptedCode
  | FatalCode

/** What the runtime does when it sees the error. */
export type Reaction = 'refuse' | 'policy' | 'retry' | 'migrate' | 'rebuild' | 'stop'

export abstract class StreamsError extends Error {
  abstract readonly reaction: Reaction
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The topology or the options are wrong; thrown before anything starts. */
export class ConfigError extends StreamsError {
  readonly reaction = 'refuse'
  declare readonly code: ConfigCode

  constructor(code: ConfigCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

export type RecordPhase = 'decode' | 'process' | 'produce'

/** Where and with what a {@link RecordError} happened. */
export interface RecordErrorDetails {
  readonly phase: RecordPhase
  readonly node: string
  readonly recordMetadata?: RecordMetadata | undefined
  readonly raw?: { readonly key: Buffer | null; readonly value: Buffer | null }
  readonly cause?: unknown
}

/** One record could not be decoded, processed or written. */
export class RecordError extends StreamsError {
  readonly reaction = 'policy'
  declare readonly code: RecordCode
  readonly phase: RecordPhase
  readonly node: string
  readonly recordMetadata: RecordMetadata | undefined
  /** The bytes as they came, for a dead letter. */
  readonly raw: { readonly key: Buffer | null; readonly value: Buffer | null }

  constructor(code: RecordCode, message: string, details: RecordErrorDetails) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause })
    this.phase = details.phase
    this.node = details.node
    this.recordMetadata = details.recordMetadata
    this.raw = details.raw ?? { key: null, value: null }
  }
}

/** The broker may answer differently next time: back off, retry until `taskTimeout`. */
export class RetriableError extends StreamsError {
  readonly reaction = 'retry'
  declare readonly code: RetriableCode

  constructor(code: RetriableCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** Fenced, or the partition is lost: drop without committing, rejoin. */
export class TaskMigratedError extends StreamsError {
  readonly reaction = 'migrate'
  declare readonly code: MigratedCode

  constructor(code: MigratedCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** Local state cannot be trusted: wipe it, restore from the changelog. */
export class TaskCorruptedError extends StreamsError {
  readonly reaction = 'rebuild'
  declare readonly code: CorruptedCode

  constructor(code: CorruptedCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** Everything is closed and `run()` rejects: authorization, an unknown topic, a bug of ours. */
export class FatalError extends StreamsError {
  readonly reaction = 'stop'
  declare readonly code: FatalCode

  constructor(code: FatalCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** Stop (default), go on without the record, or write it to a topic in the same transaction. */
export type ErrorAction = 'fail' | 'skip' | { readonly deadLetter: string }

/** An action, or a function that chooses one per error. */
export type ErrorPolicy = ErrorAction | ((error: RecordError) => ErrorAction)

/** One policy for each phase; a source may override `decode` for itself. */
export interface ErrorPolicies {
  readonly decode?: ErrorPolicy
  readonly process?: ErrorPolicy
  readonly produce?: ErrorPolicy
}

/** Works across copies of the package and inside Jest, where `instanceof` does not. */
export function isStreamsError(error: unknown): error is StreamsError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'reaction' in error &&
    'code' in error &&
    typeof error.code === 'string'
  )
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error)
    return String(error.message)
  return String(error)
}
