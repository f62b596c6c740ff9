/** Errors of certificates and TLS, by the code of whatever was thrown or of its cause. */
import { FatalError } from '../../core/errors.ts'

const CODES =
  /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_OSSL|HOSTNAME_MISMATCH|EPROTO)/
/** A cause of a cause of a cause. */
const MAX_DEPTH = 3

/** Undefined when it is about something else. Waiting does not help against what is returned. */
export function tlsTrouble(error: unknown, where: string): FatalError | undefined {
  let at: unknown = error
  for (let depth = 0; depth < MAX_DEPTH && typeof at === 'object' && at !== null; depth++) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    if (CODES.test(code))
      return new FatalError(
        'AUTHENTICATION_FAILED',
        `TLS with ${where} failed (${code}): check ssl.ca, ssl.cert and ssl.key, the host name, and that the port speaks TLS`,
        { cause: error },
      )
    at = 'cause' in at ? at.cause : undefined
  }
  return undefined
}
