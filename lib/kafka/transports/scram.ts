/** SCRAM (RFC 5802) from the client's side: proves the password without sending it. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const deriveKey = promisify(pbkdf2)

/** What Kafka writes; fewer would make a stolen exchange cheap to attack. */
const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 10_000_000

export type ScramHash = 'sha256' | 'sha512'

/** The server's answer is not what the protocol says; the text never holds a secret. */
export class ScramError extends Error {
  override readonly name = 'ScramError'
}

export class ScramClient {
  readonly #hash: ScramHash
  readonly #password: string
  readonly #first: string
  readonly #nonce: string
  #serverSignature: Buffer | undefined

  constructor(hash: ScramHash, username: string, password: string, nonce: string) {
    this.#hash = hash
    this.#password = password
    this.#nonce = nonce
    // '=' and ',' separate attributes, so names escape them.
    const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
    this.#first = `n=${name},r=${nonce}`
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.#first}`)
  }

  async final(serverFirst: Buffer): Promise<Buffer> {
    const text = serverFirst.toString()
    const { r: nonce = '', s: salt = '', i: count = '' } = attributes(text)
    const iterations = Number(count)
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw new ScramError('the server did not continue our nonce')
    if (!(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS))
      throw new ScramError(`the server asks for ${count} iterations`)
    const bytes = this.#hash === 'sha256' ? 32 : 64
    const salted = await deriveKey(
      this.#password,
      Buffer.from(salt, 'base64'),
      iterations,
      bytes,
      this.#hash,
    )
    const clientKey = this.#hmac(salted, 'Client Key')
    const stored = createHash(this.#hash).update(clientKey).digest()
    const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`
    const message = `${this.#first},${text},${withoutProof}`
    const signature = this.#hmac(stored, message)
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)))
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), message)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  /** The server, too, must know the password. */
  verify(serverFinal: Buffer): void {
    const { v: signature = '', e: error } = attributes(serverFinal.toString())
    if (error !== undefined) throw new ScramError(`the server says ${error}`)
    const given = Buffer.from(signature, 'base64')
    const expected = this.#serverSignature ?? Buffer.alloc(0)
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new ScramError('the server does not know the password itself')
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest()
  }
}

function attributes(text: string): Readonly<Partial<Record<string, string>>> {
  return Object.fromEntries(text.split(',').map((part) => [part[0] ?? '', part.slice(2)]))
}
