/** The mechanisms by which clients prove who they are, from the server's side. */
import type { Random } from '../../../core/random.ts'
import { ScramServer } from './scram-server.ts'

/** Passwords by user name. */
export type Passwords = Readonly<Record<string, string>>

/** Whom a token was made out to, and until when (milliseconds since the epoch). */
export interface TokenPrincipal {
  readonly name: string
  readonly expiresAt?: number
}

/** Who may connect, by mechanism; one that is not named is refused. */
export interface SaslServerOptions {
  readonly plain?: Passwords
  readonly 'scram-sha-256'?: Passwords
  readonly 'scram-sha-512'?: Passwords
  /** What it throws refuses the client. */
  readonly oauthbearer?: (token: string) => TokenPrincipal | Promise<TokenPrincipal>
}

/** The client is not who it says; the text is for the client and holds no secret. */
export class SaslRefusal extends Error {
  override readonly name = 'SaslRefusal'
}

export interface SaslStep {
  readonly reply: Buffer
  /** Once the client is known. */
  readonly principal?: TokenPrincipal
}

/** One exchange; rejects with what refuses the client. */
export type SaslExchange = (message: Buffer) => Promise<SaslStep>

const NOTHING = Buffer.alloc(0)
const BEARER = 'auth=Bearer '

/** Wire names of what is offered. */
export function offeredMechanisms(options: SaslServerOptions): readonly string[] {
  return Object.entries(options).flatMap(([name, users]) =>
    users === undefined ? [] : [name.toUpperCase()],
  )
}

/** A new exchange; undefined: the mechanism is not offered. */
export function beginExchange(
  options: SaslServerOptions,
  mechanism: string,
  random: Random,
): SaslExchange | undefined {
  switch (mechanism) {
    case 'PLAIN':
      return options.plain && plain(options.plain)
    case 'SCRAM-SHA-256':
      return options['scram-sha-256'] && scram('sha256', options['scram-sha-256'], random)
    case 'SCRAM-SHA-512':
      return options['scram-sha-512'] && scram('sha512', options['scram-sha-512'], random)
    case 'OAUTHBEARER':
      return options.oauthbearer && oauthBearer(options.oauthbearer)
    default:
      return undefined
  }
}

function plain(users: Passwords): SaslExchange {
  return async (message) => {
    const [, name = '', password] = message.toString().split('\0')
    if (!Object.hasOwn(users, name) || users[name] !== password)
      throw new SaslRefusal('Authentication failed: Invalid username or password')
    return { reply: NOTHING, principal: { name } }
  }
}

function scram(hash: 'sha256' | 'sha512', users: Passwords, random: Random): SaslExchange {
  const server = new ScramServer(hash, users, random)
  return async (message) => {
    const { reply, user } = await server.step(message)
    if (reply === undefined)
      throw new SaslRefusal(
        'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM',
      )
    return user === undefined ? { reply } : { reply, principal: { name: user } }
  }
}

function oauthBearer(
  validate: (token: string) => TokenPrincipal | Promise<TokenPrincipal>,
): SaslExchange {
  return async (message) => {
    // RFC 7628: attributes between bytes of 1.
    const pair = message
      .toString()
      .split('\u0001')
      .find((part) => part.startsWith(BEARER))
    const token = pair?.slice(BEARER.length)
    if (token === undefined) throw new SaslRefusal('Authentication failed: there is no token')
    try {
      return { reply: NOTHING, principal: await validate(token) }
    } catch (cause) {
      // What a validator says may hold the token.
      throw new SaslRefusal('Authentication failed: the token is not valid', { cause })
    }
  }
}
