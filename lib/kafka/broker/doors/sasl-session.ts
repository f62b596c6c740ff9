/**
 * Who a connection belongs to: handshake, authentication, and again before the session ends
 * (KIP-368). Until it is known, only these and ApiVersions are answered.
 */
import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import { apiVersions, saslAuthenticate, saslHandshake } from '../../protocol/apis.ts'
import { decodeRequest, encodeResponse } from '../../protocol/codec.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import type { SocketRequest } from './request-frames.ts'
import type { SaslExchange, SaslServerOptions, TokenPrincipal } from './sasl-mechanisms.ts'
import { beginExchange, offeredMechanisms, SaslRefusal } from './sasl-mechanisms.ts'

export interface SaslAnswer {
  readonly pieces: readonly Buffer[]
  /** The client was refused: close behind the answer. */
  readonly refused: boolean
}

const NOTHING = Buffer.alloc(0)

export class SaslSession {
  readonly #options: SaslServerOptions
  readonly #clock: Clock
  readonly #random: Random
  #exchange: SaslExchange | undefined
  #principal: TokenPrincipal | undefined

  constructor(options: SaslServerOptions, clock: Clock, random: Random) {
    this.#options = options
    this.#clock = clock
    this.#random = random
  }

  /** Answers what belongs to authentication; undefined: the request may pass. Rejects: close. */
  async intercept(request: SocketRequest): Promise<SaslAnswer | undefined> {
    if (request.apiKey === saslHandshake.key) return this.#handshake(request)
    if (request.apiKey === saslAuthenticate.key) return this.#authenticate(request)
    if (request.apiKey === apiVersions.key) return undefined
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#principal ?? { expiresAt: 0 }
    if (this.#clock.now() >= expiresAt)
      throw new ProtocolError('the client has not authenticated, or no longer')
    return undefined
  }

  #handshake({ apiVersion, body }: SocketRequest): SaslAnswer {
    if (apiVersion === 0) throw new ProtocolError('SaslHandshake 0 is not spoken here')
    const { mechanism } = decodeRequest(saslHandshake, apiVersion, body)
    this.#exchange = beginExchange(this.#options, mechanism, this.#random)
    const offered = this.#exchange !== undefined
    const pieces = encodeResponse(saslHandshake, apiVersion, {
      errorCode: offered ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: offeredMechanisms(this.#options),
    })
    return { pieces, refused: !offered }
  }

  async #authenticate({ apiVersion, body }: SocketRequest): Promise<SaslAnswer> {
    const { authBytes } = decodeRequest(saslAuthenticate, apiVersion, body)
    const refuse = (errorCode: number, errorMessage: string): SaslAnswer => ({
      pieces: encodeResponse(saslAuthenticate, apiVersion, {
        errorCode,
        errorMessage,
        authBytes: NOTHING,
      }),
      refused: true,
    })
    if (this.#exchange === undefined)
      return refuse(ErrorCode.ILLEGAL_SASL_STATE, 'SaslHandshake comes first')
    try {
      const { reply, principal } = await this.#exchange(authBytes)
      if (principal !== undefined) this.#adopt(principal)
      const pieces = encodeResponse(saslAuthenticate, apiVersion, {
        errorCode: ErrorCode.NONE,
        authBytes: reply,
        sessionLifetimeMs: this.#lifetimeMs(principal),
      })
      return { pieces, refused: false }
    } catch (error) {
      if (!(error instanceof SaslRefusal)) throw error
      return refuse(ErrorCode.SASL_AUTHENTICATION_FAILED, error.message)
    }
  }

  #adopt(principal: TokenPrincipal): void {
    if (this.#principal !== undefined && this.#principal.name !== principal.name)
      throw new SaslRefusal('Cannot change principals during re-authentication')
    this.#principal = principal
    this.#exchange = undefined
  }

  /** 0: it does not end. */
  #lifetimeMs(principal: TokenPrincipal | undefined): number {
    if (principal?.expiresAt === undefined) return 0
    return Math.max(1, principal.expiresAt - this.#clock.now())
  }
}
