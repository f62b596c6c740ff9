/** What is to be done about the first batch of a partition that failed. */
import { isTransientError } from './failures.ts'
import type { Settled } from './produce-partition.ts'
import { reactionTo } from './reactions.ts'

export type Verdict =
  /** The same batch, the same sequence; after Metadata was read anew where `refresh` says so. */
  | { readonly do: 'again'; readonly refresh: boolean }
  /** Smaller batches may pass, or tell which record it is. */
  | { readonly do: 'split' }
  /** This record will never be accepted. */
  | { readonly do: 'refuse'; readonly index: number; readonly code: number }
  /** The sequences are of no use any more: a gap that nothing of ours explains. */
  | { readonly do: 'restart'; readonly code: number }
  | { readonly do: 'fail'; readonly code: number }
  /** What `call` rejected with, and repeating does not help. */
  | { readonly do: 'throw'; readonly reason: unknown }

/**
 * A batch behind one that failed was settled with it, so a gap in front of the *first* is a gap in
 * the log. An unknown code leaves open whether the batch was appended: the same sequence may be sent
 * again, and is acknowledged if it was.
 */
export function verdictOn({ batch, problem }: Settled): Verdict {
  if (problem.kind === 'unanswered')
    return isTransientError(problem.reason)
      ? { do: 'again', refresh: true }
      : { do: 'throw', reason: problem.reason }
  const { code, index } = problem
  switch (reactionTo(code)) {
    case 'retry':
    case 'ambiguous':
      return { do: 'again', refresh: false }
    case 'refresh':
      return { do: 'again', refresh: true }
    case 'split':
      return batch.count > 1 ? { do: 'split' } : { do: 'refuse', index: 0, code }
    case 'refused':
      if (index !== undefined && index < batch.count) return { do: 'refuse', index, code }
      return batch.count > 1 ? { do: 'split' } : { do: 'refuse', index: 0, code }
    case 'sequence':
      return { do: 'restart', code }
    default:
      return { do: 'fail', code }
  }
}
