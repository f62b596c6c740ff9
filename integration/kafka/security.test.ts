/**
 * TLS, mutual TLS, SASL and ACLs against a real broker, through both transports that have sockets; and
 * what is said when they are refused. Starts a broker of its own, so it needs Java.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AclEntry, KafkaConfig } from 'kafkajs'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'
import { kafkajs, tcp } from '../../lib/cluster.ts'
import { systemClock } from '../../lib/core/clock.ts'
import type { Logger } from '../../lib/core/logger.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { systemRandom } from '../../lib/core/random.ts'
import type { Cluster, ConnectionOptions } from '../../lib/kafka/cluster.ts'
import { metadata } from '../../lib/kafka/protocol/apis.ts'
import { Streams } from '../../lib/streams.ts'
import { request } from '../../lib/testing/simulation/wire.ts'
import { dedup } from '../../scripts/workloads/dedup.ts'
import { committedRecords, createTopics, kafkaOf, write } from '../support/kafka.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { allOf, recordingLogger } from '../support/recording-logger.ts'
import { WatchedCluster } from '../support/watched-cluster.ts'

/** Listeners, by what the kit calls their addresses. */
const PLAIN = 'KAFKA_BROKERS'
const TLS = 'KAFKA_SSL_BROKERS'
const SASL = 'KAFKA_SASL_BROKERS'
const SASL_TLS = 'KAFKA_SASL_SSL_BROKERS'
/** The kit knows her. */
const ALICE = 'alice'
const secretOf = (user: string): string => `${user}-secret`

let own: OwnKafka

beforeAll(async () => {
  const users = DENIALS.flatMap(({ user }) => ['--user', `${user}:${secretOf(user)}`])
  own = await OwnKafka.start('--secure', '--acl', ...users)
}, 120_000)

afterAll(() => own.stop())

const address = (listener: string): readonly string[] => own.variable(listener).split(',')

const pem = (name: string): string => readFileSync(join(own.variable('KAFKA_TLS'), name), 'utf8')

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

/** The same options through both transports. */
const both = [
  [
    'tcp',
    (listener: string, options: ConnectionOptions) =>
      tcp({ brokers: address(listener), ...options }),
  ],
  [
    'kafkajs',
    (listener: string, options: ConnectionOptions) =>
      kafkajs(
        new Kafka({
          ...(options as Partial<KafkaConfig>),
          brokers: [...address(listener)],
          logLevel: logLevel.NOTHING,
        }),
      ),
  ],
] as const

describe.each(both)('%s', (_name, cluster) => {
  test('speaks TLS with an authority that it trusts', async () => {
    expect(await ask(cluster(TLS, { ssl: { ca: pem('ca.pem') } }))).toBe(1)
  })

  test('shows a certificate of its own', async () => {
    const ssl = { ca: pem('ca.pem'), cert: pem('client.crt'), key: pem('client.key') }
    expect(await ask(cluster(TLS, { ssl }))).toBe(1)
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'logs in by %s, in the clear and over TLS',
    async (mechanism) => {
      const sasl = { mechanism, username: 'alice', password: 'alice-secret' }
      expect(await ask(cluster(SASL, { sasl }))).toBe(1)
      expect(await ask(cluster(SASL_TLS, { sasl, ssl: { ca: pem('ca.pem') } }))).toBe(1)
    },
  )

  test.each(['plain', 'scram-sha-512'] as const)(
    'is told what to do about a wrong password by %s, and tells no secret',
    async (mechanism) => {
      const sasl = { mechanism, username: 'alice', password: 'not-the-secret' }
      const error = await ask(cluster(SASL, { sasl })).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED', reaction: 'stop' })
      expect(`${error}`).toMatch(/check .*sasl/)
      expect(`${error}`).not.toContain('not-the-secret')
    },
  )
})

describe('tcp', () => {
  test('refuses an authority that it does not trust, and says so at once', async () => {
    const stranger = tcp({ brokers: address(TLS), ssl: { ca: pem('stranger.pem') } })
    await expect(ask(stranger)).rejects.toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringMatching(/check ssl\.ca/),
    })
  })

  test('says that nobody is there, which may change', async () => {
    await expect(ask(tcp({ brokers: ['127.0.0.1:1'] }))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      reaction: 'retry',
    })
  })
})

const INPUT = 'dd-in'
const OUTPUT = 'dd-out'
const APPLICATIONS = 'acl-'

/** What a user must be allowed, and the user who is not. */
interface Denial {
  readonly user: string
  readonly code: string
  /** What the error names. */
  readonly what: string
}

const DENIALS: readonly Denial[] = [
  { user: 'no-group', code: 'GROUP_AUTHORIZATION_FAILED', what: 'group acl-no-group' },
  { user: 'no-sight', code: 'TOPIC_AUTHORIZATION_FAILED', what: INPUT },
  { user: 'no-read', code: 'TOPIC_AUTHORIZATION_FAILED', what: INPUT },
  { user: 'no-write', code: 'TOPIC_AUTHORIZATION_FAILED', what: OUTPUT },
  {
    user: 'no-transactions',
    code: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    what: 'transactional id acl-no-transactions',
  },
]

/** Everything that the application of a user needs, but for what its name says. */
function allowed(user: string): readonly AclEntry[] {
  const see = ['DESCRIBE', 'DESCRIBE_CONFIGS'] as const
  const own = ['CREATE', 'READ', 'WRITE', 'DELETE', 'ALTER_CONFIGS', ...see] as const
  const input = user === 'no-sight' ? [] : user === 'no-read' ? see : (['READ', ...see] as const)
  const output = user === 'no-write' ? see : (['WRITE', ...see] as const)
  return [
    ...input.map((operation) => acl(user, 'TOPIC', INPUT, 'LITERAL', operation)),
    ...output.map((operation) => acl(user, 'TOPIC', OUTPUT, 'LITERAL', operation)),
    ...own.map((operation) => acl(user, 'TOPIC', APPLICATIONS, 'PREFIXED', operation)),
    ...(user === 'no-group' ? [] : [acl(user, 'GROUP', APPLICATIONS, 'PREFIXED', 'READ')]),
    ...(user === 'no-transactions'
      ? []
      : [acl(user, 'TRANSACTIONAL_ID', APPLICATIONS, 'PREFIXED', 'WRITE')]),
  ]
}

function acl(
  user: string,
  resource: keyof typeof AclResourceTypes,
  resourceName: string,
  pattern: 'LITERAL' | 'PREFIXED',
  operation: keyof typeof AclOperationTypes,
): AclEntry {
  return {
    principal: `User:${user}`,
    host: '*',
    resourceType: AclResourceTypes[resource],
    resourceName,
    resourcePatternType: ResourcePatternTypes[pattern],
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }
}

describe('an ACL that is missing', () => {
  let stateDir = ''

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'millrace-acl-'))
    const kafka = kafkaOf(address(PLAIN))
    await createTopics(kafka, [INPUT, OUTPUT], 1)
    const record = { topic: INPUT, key: 'key', value: 'value', timestamp: 1 }
    await write(kafka, [record], 1, async () => undefined)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createAcls({ acl: [...DENIALS.map(({ user }) => user), ALICE].flatMap(allowed) })
    await admin.disconnect()
  }, 60_000)

  afterAll(() => {
    rmSync(stateDir, { recursive: true, force: true })
  })

  function appOf(user: string, cluster: Cluster, logger: Logger): Streams {
    const applicationId = `${APPLICATIONS}${user}`
    return new Streams(dedup.topology(), { applicationId, cluster, stateDir, logger })
  }

  function clusterOf(user: string): WatchedCluster {
    const sasl = { mechanism: 'scram-sha-512', username: user, password: secretOf(user) } as const
    return new WatchedCluster(tcp({ brokers: address(SASL), sasl }))
  }

  test.each(DENIALS)(
    'ends the application of $user at once, with one error that says what to do',
    async ({ user, code, what }) => {
      const cluster = clusterOf(user)
      const logger = recordingLogger()
      const app = appOf(user, cluster, logger)
      const error = await app.run().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'AUTHORIZATION_FAILED', reaction: 'stop' })
      expect(`${error}`).toContain(what)
      expect(`${error}`).toContain(code)
      expect(`${error}`).toMatch(/add the ACL/)
      expect(cluster.sent.length).toBeLessThan(50)
      expect(cluster.connections).toBeLessThan(10)
      expect(logger.lines.filter((line) => line.startsWith('error'))).toHaveLength(1)
      const told = [allOf(error), ...logger.lines]
      expect(told.filter((line) => line.includes(secretOf(user)))).toEqual([])
    },
  )

  test('of none is missed: that is all that an application needs', async () => {
    const app = appOf(ALICE, clusterOf(ALICE), silentLogger)
    await app.start()
    expect(await app.stop({ drain: true, timeout: '20s' })).toMatchObject({ drained: true })
    expect(committedRecords(OUTPUT, address(PLAIN))).toHaveLength(1)
  })
})
