/**
 * Codes as errors: which class, hence which reaction of the runtime, and what the user should do.
 *
 * Only for codes that end something; what is repeated never becomes an error.
 */
import type { StreamsError } from '../../core/errors.ts'
import {
  ConfigError,
  FatalError,
  isStreamsError,
  RetriableError,
  TaskMigratedError,
} from '../../core/errors.ts'
import { ErrorCode, errorName } from '../protocol/error-codes.ts'
import { reactionTo } from './reactions.ts'

/** `what`: the request and its subject, such as `OffsetCommit of group clicks`. */
export function failureOf(code: number, what: string, detail?: string | null): StreamsError {
  const told = detail === undefined || detail === null || detail === '' ? '' : ` (${detail})`
  const said = `${what}: ${errorName(code)}${told}`
  switch (reactionTo(code)) {
    case 'retry':
      return new RetriableError('BROKER_UNAVAILABLE', `${said}; it may answer differently later`)
    case 'refresh':
      return new RetriableError('COORDINATOR_MOVED', `${said}; nobody else has taken over yet`)
    case 'unstable':
      return new RetriableError(
        'OFFSETS_UNSTABLE',
        `${said}; a transaction over them is still open`,
      )
    case 'rejoin':
    case 'identify':
    case 'stale':
    case 'forgotten':
      return new TaskMigratedError(
        'GENERATION_ENDED',
        `${said}: the group has gone on without this member; it joins again`,
      )
    case 'fenced':
      return new TaskMigratedError(
        'FENCED',
        `${said}: the transaction timed out, or another process has the transactional id`,
      )
    case 'occupied':
      return new FatalError(
        'INSTANCE_ID_IN_USE',
        `${said}: another living process has the same instanceId; give each its own`,
      )
    case 'denied':
      return new FatalError(
        'AUTHORIZATION_FAILED',
        `${said}: the cluster refuses it to this user; add the ACL${aclOf(code)}, or use other credentials`,
      )
    case 'config':
      return new ConfigError(
        'INVALID_OPTION',
        `${said}: the cluster does not allow what the options ask for`,
      )
    case 'sequence':
    case 'abort':
    case 'ambiguous':
      return new RetriableError('TRANSACTION_ABORTED', `${said}; it is rolled back and done again`)
    default:
      return new FatalError(
        'INTERNAL',
        `${said}: the cluster refuses what it should not be asked; please report it`,
      )
  }
}

/** What an application needs of a resource, for who makes the ACL. */
function aclOf(code: number): string {
  switch (code) {
    case ErrorCode.TOPIC_AUTHORIZATION_FAILED:
      return ' (Read on what it reads, Write on what it writes, all of it on topics that begin with the application id)'
    case ErrorCode.GROUP_AUTHORIZATION_FAILED:
      return ' (Read on the group, which is the application id)'
    case ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return ' (Write on transactional ids that begin with the application id)'
    default:
      return ''
  }
}

/** Nobody at the other end, or nobody any more. */
export function unreachable(message: string, cause?: unknown): RetriableError {
  return new RetriableError('BROKER_UNAVAILABLE', message, cause === undefined ? {} : { cause })
}

/** Whether the same request may be answered another time. */
export function isTransientError(reason: unknown): boolean {
  return isStreamsError(reason) && reason.reaction === 'retry'
}
