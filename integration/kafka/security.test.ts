/**
 * TLS, mutual TLS, SASL and ACLs against a real broker, through both transports that have sockets; and
 * what is said when they are refused. Starts a broker of its own, so it needs Java.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { KafkaConfig } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import { kafkajs, tcp } from '../../lib/cluster.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { systemRandom } from '../../lib/core/random.ts'
import type { ClusterContext, ConnectionOptions } from '../../lib/kafka/cluster.ts'
import { Cluster } from '../../lib/kafka/cluster.ts'
import { metadata } from '../../lib/kafka/protocol/apis.ts'
import type { Transport } from '../../lib/kafka/transport.ts'
import { Streams } from '../../lib/streams.ts'
import { request } from '../../lib/testing/simulation/wire.ts'
import { dedup } from '../../scripts/workloads/dedup.ts'
import { createTopics, kafkaOf, kit } from '../support/kafka.ts'

const PORT = 22_092
const TLS_PORT = PORT + 2
const SASL_PORT = PORT + 3
const SASL_TLS_PORT = PORT + 4
/** May use the topics, but not the group. */
const READER = { username: 'reader', password: 'reader-secret' } as const

let pem: (name: string) => string

beforeAll(() => {
  const user = ['--user', `${READER.username}:${READER.password}`]
  const printed = kit('start', '--secure', '--acl', ...user, '--fresh', '--port', `${PORT}`)
  const folder = /KAFKA_TLS=(\S+)/.exec(printed)?.[1] ?? ''
  pem = (name) => readFileSync(join(folder, name), 'utf8')
}, 120_000)

afterAll(() => {
  kit('stop', '--wipe', '--port', `${PORT}`)
})

/** The number of brokers that a cluster tells over a connection of its first address. */
async function ask(cluster: Cluster): Promise<number> {
  const clock = systemClock
  const transport = await cluster.open({ clock, random: systemRandom, logger: silentLogger })
  try {
    const [address] = transport.bootstrap
    if (address === undefined) throw new Error('no address')
    const connection = await transport.connect(address)
    const answer = await request(connection, metadata, 9, { topics: [] })
    return answer.brokers.length
  } finally {
    await transport.close()
  }
}

const address = (port: number): readonly string[] => [`127.0.0.1:${port}`]

/** The same options through both transports. */
const both = [
  [
    'tcp',
    (port: number, options: ConnectionOptions) => tcp({ brokers: address(port), ...options }),
  ],
  [
    'kafkajs',
    (port: number, options: ConnectionOptions) =>
      kafkajs(
        new Kafka({
          ...(options as Partial<KafkaConfig>),
          brokers: [...address(port)],
          logLevel: logLevel.NOTHING,
        }),
      ),
  ],
] as const

describe.each(both)('%s', (_name, cluster) => {
  test('speaks TLS with an authority that it trusts', async () => {
    expect(await ask(cluster(TLS_PORT, { ssl: { ca: pem('ca.pem') } }))).toBe(1)
  })

  test('shows a certificate of its own', async () => {
    const ssl = { ca: pem('ca.pem'), cert: pem('client.crt'), key: pem('client.key') }
    expect(await ask(cluster(TLS_PORT, { ssl }))).toBe(1)
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'logs in by %s, in the clear and over TLS',
    async (mechanism) => {
      const sasl = { mechanism, username: 'alice', password: 'alice-secret' }
      expect(await ask(cluster(SASL_PORT, { sasl }))).toBe(1)
      expect(await ask(cluster(SASL_TLS_PORT, { sasl, ssl: { ca: pem('ca.pem') } }))).toBe(1)
    },
  )

  test.each(['plain', 'scram-sha-512'] as const)(
    'is told what to do about a wrong password by %s, and tells no secret',
    async (mechanism) => {
      const sasl = { mechanism, username: 'alice', password: 'not-the-secret' }
      const error = await ask(cluster(SASL_PORT, { sasl })).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED', reaction: 'stop' })
      expect(`${error}`).toMatch(/check .*sasl/)
      expect(`${error}`).not.toContain('not-the-secret')
    },
  )
})

describe('tcp', () => {
  test('refuses an authority that it does not trust, and says so at once', async () => {
    const stranger = tcp({ brokers: address(TLS_PORT), ssl: { ca: pem('stranger.pem') } })
    await expect(ask(stranger)).rejects.toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringMatching(/check ssl\.ca/),
    })
  })

  test('says that nobody is there, which may change', async () => {
    await expect(ask(tcp({ brokers: address(1) }))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      reaction: 'retry',
    })
  })
})

/** A cluster that counts what is asked of it. */
class CountingCluster extends Cluster {
  protected readonly transport = 'tcp'
  readonly ephemeral = false
  readonly requestTimeoutMs: number
  readonly clientId: string
  readonly #inner: Cluster
  requests = 0

  constructor(inner: Cluster) {
    super()
    this.#inner = inner
    this.requestTimeoutMs = inner.requestTimeoutMs
    this.clientId = inner.clientId
  }

  async open(context: ClusterContext): Promise<Transport> {
    const transport = await this.#inner.open(context)
    return {
      bootstrap: transport.bootstrap,
      close: () => transport.close(),
      connect: async (address) => {
        const connection = await transport.connect(address)
        return {
          versions: connection.versions,
          get open(): boolean {
            return connection.open
          },
          send: (frame) => {
            this.requests += 1
            return connection.send(frame)
          },
          close: () => connection.close(),
        }
      },
    }
  }
}

describe('an ACL that is missing', () => {
  let stateDir = ''

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'millrace-acl-'))
    const topics = [...dedup.inputTopics, dedup.outputTopic]
    await createTopics(kafkaOf(address(PORT)), topics, 1)
    const allowed = ['--ops', 'Read,Write,Describe,DescribeConfigs', '--port', `${PORT}`]
    for (const topic of topics)
      kit('acl', 'add', '--user', READER.username, '--topic', topic, ...allowed)
  }, 60_000)

  afterAll(() => {
    rmSync(stateDir, { recursive: true, force: true })
  })

  test('for the group ends the application at once, with one error that says what to do', async () => {
    const sasl = { mechanism: 'scram-sha-512', ...READER } as const
    const cluster = new CountingCluster(tcp({ brokers: address(SASL_PORT), sasl }))
    const logger = { level: 'silent' } as const
    const app = new Streams(dedup.topology(), { applicationId: 'acl', cluster, stateDir, logger })
    const error = await app.run().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'AUTHORIZATION_FAILED', reaction: 'stop' })
    expect(`${error}`).toMatch(/group acl: GROUP_AUTHORIZATION_FAILED/)
    expect(`${error}`).toMatch(/add the ACL/)
    expect(cluster.requests).toBeLessThan(50)
  })
})
