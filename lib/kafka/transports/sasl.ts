/**
 * Authenticates a connection by SASL: handshake, then as many rounds as the mechanism takes. What is
 * refused is a FatalError that names mechanism and user, never a secret.
 */
import type { StreamsError } from '../../core/errors.ts'
import { FatalError, isStreamsError, messageOf, RetriableError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { SaslOptions } from '../cluster.ts'
import type { saslAuthenticate, saslHandshake } from '../protocol/apis.ts'
import { ErrorCode, errorName } from '../protocol/error-codes.ts'
import type { RequestInput, ResponseOf } from '../protocol/message-table.ts'
import { ScramClient } from './scram.ts'

/** How the two SASL requests are sent. */
export interface SaslWire {
  handshake(request: RequestInput<typeof saslHandshake>): Promise<ResponseOf<typeof saslHandshake>>
  authenticate(
    request: RequestInput<typeof saslAuthenticate>,
  ): Promise<ResponseOf<typeof saslAuthenticate>>
}

const WIRE_NAMES: Readonly<Record<SaslOptions['mechanism'], string>> = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
}

const REFUSALS: ReadonlySet<number> = new Set([
  ErrorCode.SASL_AUTHENTICATION_FAILED,
  ErrorCode.UNSUPPORTED_SASL_MECHANISM,
  ErrorCode.ILLEGAL_SASL_STATE,
])

/** Resolves with the session's lifetime in milliseconds; 0: it never ends. */
export async function authenticate(
  wire: SaslWire,
  sasl: SaslOptions,
  random: Random,
): Promise<number> {
  const mechanism = WIRE_NAMES[sasl.mechanism]
  const { errorCode, mechanisms } = await wire.handshake({ mechanism })
  if (errorCode !== ErrorCode.NONE)
    throw new FatalError(
      'AUTHENTICATION_FAILED',
      `the broker does not take ${mechanism}, only ${mechanisms.join(', ') || 'no SASL'}: change sasl.mechanism, or the port`,
    )
  const secret = 'password' in sasl ? sasl.password : await tokenOf(sasl)
  try {
    return await rounds(wire, sasl, secret, random)
  } catch (cause) {
    throw refused(sasl, secret, cause)
  }
}

type Bearer = Extract<SaslOptions, { readonly mechanism: 'oauthbearer' }>

async function tokenOf(sasl: Bearer): Promise<string> {
  try {
    return (await sasl.oauthBearerProvider()).value
  } catch (cause) {
    throw noToken(cause)
  }
}

/** Not a refusal: whoever issues tokens may be down. */
function noToken(cause: unknown): RetriableError {
  return new RetriableError(
    'BROKER_UNAVAILABLE',
    'sasl.oauthBearerProvider gave no token but an error: see its cause',
    { cause },
  )
}

/** Without its cause, whose text is the broker's and might repeat what it was sent. */
function refused(sasl: SaslOptions, secret: string, cause: unknown): StreamsError {
  // A lost connection is no refusal.
  if (isStreamsError(cause) && cause.reaction === 'retry') return cause
  const said = secret === '' ? messageOf(cause) : messageOf(cause).replaceAll(secret, '***')
  const who = 'username' in sasl ? `user '${sasl.username}'` : 'the token'
  const remedy =
    'username' in sasl
      ? 'check sasl.username and sasl.password, and that the broker knows the user'
      : 'check what sasl.oauthBearerProvider returns'
  return new FatalError(
    'AUTHENTICATION_FAILED',
    `the broker refused ${who} by ${WIRE_NAMES[sasl.mechanism]} (${said}): ${remedy}`,
  )
}

async function rounds(
  wire: SaslWire,
  sasl: SaslOptions,
  secret: string,
  random: Random,
): Promise<number> {
  switch (sasl.mechanism) {
    case 'plain':
      return (await round(wire, Buffer.from(`\0${sasl.username}\0${secret}`))).lifetimeMs
    case 'oauthbearer':
      return bearer(wire, secret)
    default:
      return scram(wire, sasl, random)
  }
}

async function scram(
  wire: SaslWire,
  sasl: Extract<SaslOptions, { readonly username: string }>,
  random: Random,
): Promise<number> {
  const hash = sasl.mechanism === 'scram-sha-256' ? 'sha256' : 'sha512'
  const nonce = random.bytes(18).toString('base64url')
  const client = new ScramClient(hash, sasl.username, sasl.password, nonce)
  const first = await round(wire, client.first())
  const last = await round(wire, await client.final(first.bytes))
  client.verify(last.bytes)
  return last.lifetimeMs
}

async function bearer(wire: SaslWire, token: string): Promise<number> {
  const { bytes, lifetimeMs } = await round(
    wire,
    Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`),
  )
  // A refusal comes as a success with a reason in it; the answer to it brings the error code.
  if (bytes.length > 0) await round(wire, Buffer.from([1]))
  return lifetimeMs
}

async function round(
  wire: SaslWire,
  authBytes: Buffer,
): Promise<{ readonly bytes: Buffer; readonly lifetimeMs: number }> {
  const answer = await wire.authenticate({ authBytes })
  if (REFUSALS.has(answer.errorCode))
    throw new FatalError(
      'AUTHENTICATION_FAILED',
      answer.errorMessage ?? errorName(answer.errorCode),
    )
  if (answer.errorCode !== ErrorCode.NONE)
    throw new RetriableError(
      'BROKER_UNAVAILABLE',
      `the broker could not authenticate: ${errorName(answer.errorCode)}`,
    )
  return { bytes: Buffer.from(answer.authBytes), lifetimeMs: answer.sessionLifetimeMs }
}
