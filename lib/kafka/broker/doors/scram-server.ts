/** SCRAM (RFC 5802) from the server's side, for one exchange. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../../../core/random.ts'

const deriveKey = promisify(pbkdf2)

/** Kafka's least. */
const ITERATIONS = 4096
const NO_BINDING = 'n,,'

export interface ScramStep {
  /** Undefined: refused. */
  readonly reply: Buffer | undefined
  /** Once the proof was right. */
  readonly user?: string
}

const REFUSED: ScramStep = { reply: undefined }

export class ScramServer {
  readonly #hash: 'sha256' | 'sha512'
  readonly #users: Readonly<Record<string, string>>
  readonly #random: Random
  #user: string | undefined
  #clientFirst = ''
  #serverFirst = ''
  #nonce = ''
  #salted: Buffer = Buffer.alloc(0)

  constructor(hash: 'sha256' | 'sha512', users: Readonly<Record<string, string>>, random: Random) {
    this.#hash = hash
    this.#users = users
    this.#random = random
  }

  step(message: Buffer): Promise<ScramStep> {
    const text = message.toString()
    return this.#user === undefined ? this.#first(text) : this.#final(text, this.#user)
  }

  async #first(text: string): Promise<ScramStep> {
    const match = /^[ny],[^,]*,(n=([^,]*),r=([^,]+).*)$/.exec(text)
    const [, bare = '', name = '', nonce = ''] = match ?? []
    const user = name.replaceAll('=2C', ',').replaceAll('=3D', '=')
    const password = Object.hasOwn(this.#users, user) ? this.#users[user] : undefined
    if (password === undefined) return REFUSED
    const salt = this.#random.bytes(16)
    const bytes = this.#hash === 'sha256' ? 32 : 64
    this.#salted = await deriveKey(password, salt, ITERATIONS, bytes, this.#hash)
    this.#user = user
    this.#clientFirst = bare
    this.#nonce = nonce + this.#random.bytes(18).toString('hex')
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${ITERATIONS}`
    return { reply: Buffer.from(this.#serverFirst) }
  }

  async #final(text: string, user: string): Promise<ScramStep> {
    const match = /^(c=([^,]*),r=([^,]*)(?:,[^,]+)*?),p=(.*)$/.exec(text)
    const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match ?? []
    const bound = Buffer.from(binding, 'base64')
      .toString()
      .startsWith(NO_BINDING[0] ?? '')
    if (nonce !== this.#nonce || !bound) return REFUSED
    const message = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`
    const clientKey = this.#hmac(this.#salted, 'Client Key')
    const storedKey = createHash(this.#hash).update(clientKey).digest()
    const signature = this.#hmac(storedKey, message)
    const expected = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)))
    const given = Buffer.from(proof, 'base64')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return REFUSED
    const verifier = this.#hmac(this.#hmac(this.#salted, 'Server Key'), message)
    return { reply: Buffer.from(`v=${verifier.toString('base64')}`), user }
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest()
  }
}
