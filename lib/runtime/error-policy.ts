/**
 * What to do with a record that failed: fail, skip, or a dead letter, per phase.
 *
 * A function decides per error; what it throws is no decision, so the task fails with both.
 */
import type { ErrorAction, ErrorPolicies, ErrorPolicy } from '../core/errors.ts'
import { messageOf, RecordError } from '../core/errors.ts'

export class ErrorPolicyTable {
  readonly #policies: ErrorPolicies
  /** Whether a failed record may have to leave nothing: else no undo is kept. */
  readonly undoes: boolean

  constructor(policies: ErrorPolicies) {
    this.#policies = policies
    this.undoes = [policies.process, policies.produce].some(
      (policy) => policy !== undefined && policy !== 'fail',
    )
  }

  /** `decode`: what the source of the record says itself, which goes before the options. */
  action(error: RecordError, decode?: ErrorPolicy): ErrorAction {
    const policy =
      error.phase === 'decode' ? (decode ?? this.#policies.decode) : this.#policies[error.phase]
    if (policy === undefined) return 'fail'
    if (typeof policy !== 'function') return policy
    try {
      return policy(error)
    } catch (thrown) {
      throw undecided(error, thrown)
    }
  }
}

function undecided(error: RecordError, thrown: unknown): RecordError {
  const { phase, node, recordMetadata, raw } = error
  const message = `errors.${phase} threw (${messageOf(thrown)}) when asked about: ${error.message}`
  const details = { phase, node, recordMetadata, raw, cause: thrown }
  return new RecordError('CALLBACK_FAILED', message, details)
}

/** Topics named as dead letters; those that a function will name are not known before it does. */
export function deadLetterTopics(
  policies: ErrorPolicies,
  decodes: Iterable<ErrorPolicy | undefined>,
): ReadonlySet<string> {
  const topics = new Set<string>()
  for (const policy of [policies.decode, policies.process, policies.produce, ...decodes])
    if (typeof policy === 'object') topics.add(policy.deadLetter)
  return topics
}
