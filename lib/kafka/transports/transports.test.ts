/**
 * What a transport promises, asked of those with sockets, over a server of this file that answers
 * as it is told. Requests are heartbeats, whose group id comes back as what was answered.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { systemClock } from '../../core/clock.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { seededRandom } from '../../core/random.ts'
import { apiVersions, saslAuthenticate, saslHandshake } from '../protocol/apis.ts'
import { decodeRequest, encodeResponse } from '../protocol/codec.ts'
import type { Connection, RequestFrame, Transport } from '../transport.ts'
import { FrameReader } from './frames.ts'
import { kafkajsTransport } from './kafkajs.ts'
import { tcpTransport } from './tcp.ts'

const HEARTBEAT = 12
const PASSWORD = 'the-right-secret'
const WRONG = 'a-wrong-secret'

interface Answering {
  /** Bytes behind the correlation id; undefined: no answer. */
  readonly answer?: (text: string, socket: Socket, id: number) => Buffer | undefined
  readonly maxApiVersions?: number
  readonly sessionLifetimeMs?: number
}

const servers: FrameServer[] = []
const transports: Transport[] = []

/** Speaks ApiVersions and SASL PLAIN, and answers heartbeats. */
class FrameServer {
  readonly requests: string[] = []
  sockets = 0
  sessions = 0
  readonly #server: Server
  readonly #open = new Set<Socket>()
  readonly #answering: Answering

  private constructor(answering: Answering) {
    this.#answering = answering
    this.#server = createServer((socket) => {
      this.sockets++
      this.#open.add(socket)
      const frames = new FrameReader()
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        for (const frame of frames.push(chunk)) this.#receive(frame, socket)
      })
    })
  }

  static async start(answering: Answering = {}): Promise<FrameServer> {
    const server = new FrameServer(answering)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    return server
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #receive(frame: Buffer, socket: Socket): void {
    const apiKey = frame.readInt16BE(0)
    const version = frame.readInt16BE(2)
    const id = frame.readInt32BE(4)
    const body = frame.subarray(10 + Math.max(0, frame.readInt16BE(8)))
    const answer = this.#answer(apiKey, version, body, socket, id)
    if (answer !== undefined) socket.write(framed(id, answer))
  }

  #answer(
    apiKey: number,
    version: number,
    body: Buffer,
    socket: Socket,
    id: number,
  ): Buffer | undefined {
    const { maxApiVersions = 4 } = this.#answering
    if (apiKey === apiVersions.key) {
      const old = version > maxApiVersions
      return Buffer.concat(
        encodeResponse(apiVersions, old ? 0 : version, {
          errorCode: old ? 35 : 0,
          apiKeys: [saslHandshake, saslAuthenticate, apiVersions].map(({ key, max }) => ({
            apiKey: key,
            minVersion: 0,
            maxVersion: max,
          })),
          finalizedFeatures: [
            { name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 0 },
          ],
        }),
      )
    }
    if (apiKey === saslHandshake.key)
      return Buffer.concat(
        encodeResponse(saslHandshake, version, { errorCode: 0, mechanisms: ['PLAIN'] }),
      )
    if (apiKey === saslAuthenticate.key) return this.#authenticate(version, body)
    const text = body.toString()
    this.requests.push(text)
    return this.#answering.answer === undefined
      ? Buffer.from(`answer to ${text}`)
      : this.#answering.answer(text, socket, id)
  }

  #authenticate(version: number, body: Buffer): Buffer {
    this.requests.push('authenticate')
    const message = version < 2 ? body : body.subarray(1)
    const { authBytes } = decodeRequest(saslAuthenticate, version, message)
    const right = authBytes.toString().split('\0')[2] === PASSWORD
    if (right) this.sessions++
    return Buffer.concat(
      encodeResponse(saslAuthenticate, version, {
        errorCode: right ? 0 : 58,
        errorMessage: right ? null : `Invalid credentials ${authBytes.toString()}`,
        authBytes: Buffer.alloc(0),
        sessionLifetimeMs: this.#answering.sessionLifetimeMs ?? 0,
      }),
    )
  }
}

function framed(id: number, answer: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeInt32BE(answer.length + 4, 0)
  header.writeInt32BE(id, 4)
  return Buffer.concat([header, answer])
}

interface Login {
  readonly password?: string
  readonly logger?: Logger
}

type Open = (server: FrameServer, login?: Login) => Transport

const tcp: Open = ({ port }, { password, logger = silentLogger } = {}) =>
  tcpTransport({
    brokers: [`127.0.0.1:${port}`],
    clientId: 'test',
    ssl: undefined,
    sasl: password === undefined ? undefined : { mechanism: 'plain', username: 'alice', password },
    connectionTimeoutMs: 2000,
    clock: systemClock,
    random: seededRandom(1),
    logger,
  })

const kafkajs: Open = ({ port }, { password, logger = silentLogger } = {}) =>
  kafkajsTransport(
    new Kafka({
      brokers: [`127.0.0.1:${port}`],
      clientId: 'test',
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      ...(password === undefined
        ? {}
        : { sasl: { mechanism: 'plain', username: 'alice', password } }),
    }),
    { clock: systemClock, random: seededRandom(1), logger },
  )

function say(text: string, options: Partial<RequestFrame> = {}): RequestFrame {
  return {
    apiKey: HEARTBEAT,
    apiVersion: 3,
    flexible: false,
    body: [Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))],
    timeoutMs: 2000,
    ...options,
  }
}

async function text(answer: Promise<Buffer>): Promise<string> {
  return (await answer).toString()
}

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()))
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

describe.each([
  ['tcp', tcp],
  ['kafkajs', kafkajs],
])('the %s transport', (_name, open) => {
  async function connect(server: FrameServer, login?: Login): Promise<Connection> {
    const transport = open(server, login)
    transports.push(transport)
    const [address] = transport.bootstrap
    if (address === undefined) throw new TypeError('nowhere to begin')
    return transport.connect(address)
  }

  test('tells what the node speaks, features included', async () => {
    const { versions } = await connect(await FrameServer.start())
    expect(versions.apis.get(apiVersions.key)).toEqual({ min: 0, max: 4 })
    expect(versions.features.get('transaction.version')).toBe(2)
  })

  test('asks a broker that does not know ApiVersions 3 again, in version 0', async () => {
    const { versions } = await connect(await FrameServer.start({ maxApiVersions: 2 }))
    expect(versions.apis.get(apiVersions.key)).toEqual({ min: 0, max: 4 })
    expect(versions.features.size).toBe(0)
  })

  test('writes concurrent requests in call order on one socket, and gives each its answer', async () => {
    const server = await FrameServer.start()
    const connection = await connect(server)
    const names = Array.from({ length: 50 }, (_, index) => `request ${index}`)
    const answers = names.map((name) => text(connection.send(say(name))))
    expect(await Promise.all(answers)).toEqual(names.map((name) => `answer to ${name}`))
    expect(server.requests).toEqual(names)
    expect(server.sockets).toBe(1)
  })

  test('puts an answer together that comes byte by byte', async () => {
    const server = await FrameServer.start({
      answer: (said, socket, id) => {
        for (const byte of framed(id, Buffer.from(`slow ${said}`))) socket.write(Buffer.of(byte))
        return undefined
      },
    })
    const connection = await connect(server)
    expect(await text(connection.send(say('one')))).toBe('slow one')
  })

  test('rejects a request that is not answered in time, and all behind it', async () => {
    const server = await FrameServer.start({ answer: () => undefined })
    const connection = await connect(server)
    const late = connection.send(say('first', { timeoutMs: 20 }))
    const behind = connection.send(say('second'))
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', reaction: 'retry' })
    await expect(behind).rejects.toMatchObject({ reaction: 'retry' })
    expect(connection.open).toBe(false)
    await expect(connection.send(say('third'))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
  })

  test('forgets half an answer when its socket dies: the next connection is clean', async () => {
    let half = true
    const server = await FrameServer.start({
      answer: (said, socket, id) => {
        if (!half) return Buffer.from(`whole ${said}`)
        half = false
        socket.write(framed(id, Buffer.alloc(1000)).subarray(0, 500), () => socket.destroy())
        return undefined
      },
    })
    const connection = await connect(server)
    const waiting = [connection.send(say('one')), connection.send(say('two'))]
    for (const answer of waiting)
      await expect(answer).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    expect(connection.open).toBe(false)
    const next = await connect(server)
    expect(await text(next.send(say('three')))).toBe('whole three')
  })

  test('dies of an answer to something else', async () => {
    const server = await FrameServer.start({
      answer: (_said, socket, id) => {
        socket.write(framed(id + 7, Buffer.from('?')))
        return undefined
      },
    })
    const connection = await connect(server)
    await expect(connection.send(say('one'))).rejects.toMatchObject({ reaction: 'retry' })
    expect(connection.open).toBe(false)
  })

  test('dies of bytes that are not Kafka’s, without room being made for them', async () => {
    const server = await FrameServer.start({
      answer: (_said, socket) => {
        socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
        return undefined
      },
    })
    const connection = await connect(server)
    await expect(connection.send(say('one'))).rejects.toMatchObject({ reaction: 'retry' })
  })

  test('does not wait for an answer that will not come', async () => {
    const server = await FrameServer.start({
      answer: (said) => (said === 'quiet' ? undefined : Buffer.from('heard')),
    })
    const connection = await connect(server)
    expect(await connection.send(say('quiet', { oneWay: true }))).toHaveLength(0)
    expect(await text(connection.send(say('loud')))).toBe('heard')
    expect(server.requests).toEqual(['quiet', 'loud'])
  })

  test('rejects what is pending when it is closed, by its owner or with the transport', async () => {
    const server = await FrameServer.start({ answer: () => undefined })
    const connection = await connect(server)
    const pending = expect(connection.send(say('one'))).rejects.toMatchObject({ reaction: 'retry' })
    await connection.close()
    await pending
    const other = await connect(server)
    const orphan = expect(other.send(say('two'))).rejects.toMatchObject({ reaction: 'retry' })
    await Promise.all(transports.map((transport) => transport.close()))
    await orphan
    expect(other.open).toBe(false)
  })

  test('says that nobody is there as something that may change', async () => {
    const server = await FrameServer.start()
    const transport = open(server)
    const { port } = server
    await server.stop()
    servers.length = 0
    await expect(transport.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
  })

  test('refuses a wrong password with what to do and without any secret', async () => {
    const logged: unknown[] = []
    const log = (fields: object, message: string): void => void logged.push(fields, message)
    const logger = { error: log, warn: log, info: log, debug: log }
    const failure = await connect(await FrameServer.start(), { password: WRONG, logger }).catch(
      (reason: unknown) => reason,
    )
    expect(failure).toMatchObject({ code: 'AUTHENTICATION_FAILED', reaction: 'stop' })
    expect(String(failure)).toMatch(/check/)
    expect(String(failure)).not.toContain(WRONG)
    expect(JSON.stringify(logged)).not.toContain(WRONG)
  })

  test('authenticates again before its session ends, and keeps the order of what waits', async () => {
    const server = await FrameServer.start({ sessionLifetimeMs: 40 })
    const connection = await connect(server, { password: PASSWORD })
    const sent: string[] = []
    const answers: Promise<string>[] = []
    while (server.sessions < 3) {
      for (let burst = 0; burst < 3; burst++) {
        sent.push(`request ${sent.length}`)
        answers.push(text(connection.send(say(sent.at(-1) ?? ''))))
      }
      await answers.at(-1)
    }
    expect(await Promise.all(answers)).toEqual(sent.map((name) => `answer to ${name}`))
    expect(server.requests.filter((said) => said !== 'authenticate')).toEqual(sent)
    expect(server.sockets).toBe(1)
    expect(connection.open).toBe(true)
  })
})

describe('the kafkajs transport', () => {
  test('refuses what is not a client of the kafkajs that it knows', () => {
    const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger }
    expect(() => kafkajsTransport({ producer: () => ({}) }, context)).toThrow(/kafkajs 2\.2\.4/)
  })
})
