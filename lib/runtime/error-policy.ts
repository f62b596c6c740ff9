/**
 * What to do with a record that failed: fail, skip, or a dead letter, per phase.
 *
 * A function decides once per error; what it throws, and what is no action, is no decision, so the
 * task fails with both.
 */
import { inspect } from 'node:util'
import type { ErrorAction, ErrorPolicies, ErrorPolicy } from '../core/errors.ts'
import { messageOf, RecordError } from '../core/errors.ts'

export class ErrorPolicyTable {
  readonly #policies: ErrorPolicies
  /** Whether a failed record may have to leave nothing: else no undo is kept. */
  readonly undoes: boolean
  /** Errors that have to end the task, whoever catches them on their way out. */
  readonly #final = new WeakSet<RecordError>()

  constructor(policies: ErrorPolicies) {
    this.#policies = policies
    this.undoes = [policies.process, policies.produce].some(
      (policy) => policy !== undefined && policy !== 'fail',
    )
  }

  /** `decode`: what the source of the record says itself, which goes before the options. */
  action(error: RecordError, decode?: ErrorPolicy): ErrorAction {
    if (this.#final.has(error)) return 'fail'
    const policy =
      error.phase === 'decode' ? (decode ?? this.#policies.decode) : this.#policies[error.phase]
    const action = typeof policy === 'function' ? this.#ask(policy, error) : (policy ?? 'fail')
    if (action === 'fail') this.#final.add(error)
    return action
  }

  #ask(policy: (error: RecordError) => unknown, error: RecordError): ErrorAction {
    let action: unknown
    try {
      action = policy(error)
    } catch (thrown) {
      throw this.#undecided(error, `threw (${messageOf(thrown)})`, thrown)
    }
    if (isAction(action)) return action
    throw this.#undecided(
      error,
      `returned ${inspect(action, { depth: 1 })} instead of 'fail', 'skip' or { deadLetter: topic }`,
      error,
    )
  }

  #undecided(error: RecordError, what: string, cause: unknown): RecordError {
    const { phase, node, recordMetadata, raw } = error
    const message = `errors.${phase} ${what} when asked about: ${error.message}`
    const details = { phase, node, recordMetadata, raw, cause }
    const undecided = new RecordError('CALLBACK_FAILED', message, details)
    this.#final.add(undecided)
    return undecided
  }
}

/** A function is the user's, and JavaScript may return anything. */
function isAction(action: unknown): action is ErrorAction {
  if (action === 'fail' || action === 'skip') return true
  return (
    typeof action === 'object' &&
    action !== null &&
    'deadLetter' in action &&
    typeof action.deadLetter === 'string' &&
    action.deadLetter !== ''
  )
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
