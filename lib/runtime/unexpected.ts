/** What was thrown, as an error of ours: a foreign one here is a bug, and says so. */
import { FatalError, isStreamsError, messageOf, type StreamsError } from '../core/errors.ts'

export function asStreamsError(thrown: unknown): StreamsError {
  if (isStreamsError(thrown)) return thrown
  return new FatalError(
    'INTERNAL',
    `unexpected: ${messageOf(thrown)}. This is a bug of millrace, please report it`,
    { cause: thrown },
  )
}
