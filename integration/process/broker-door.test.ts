/** The embedded broker's TCP door, asked by a stock kafkajs: what any client expects of a Kafka. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Admin, KafkaConfig, Producer } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import type { Broker, BrokerOptions } from '../../lib/broker.ts'
import { startBroker } from '../../lib/broker.ts'
import type { Certificates } from '../support/certificates.ts'
import { makeCertificates } from '../support/certificates.ts'
import { Program } from '../support/program.ts'

const running: Broker[] = []

async function start(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker(options)
  running.push(broker)
  return broker
}

function client(broker: Broker, config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId: 'stock',
    brokers: [...broker.brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    ...config,
  })
}

/** Connects and asks for the topics. */
async function ask(kafka: Kafka): Promise<'answered'> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    await admin.listTopics()
    return 'answered'
  } finally {
    await admin.disconnect()
  }
}

/** A topic `t` of one partition, and who writes to it in transactions. */
async function transactional(
  kafka: Kafka,
): Promise<{ readonly admin: Admin; readonly producer: Producer }> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1 }], waitForLeaders: true })
  const producer = kafka.producer({
    transactionalId: 'tx',
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  return { admin, producer }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((broker) => broker.stop()))
})

describe('a stock kafkajs', () => {
  test('makes topics, writes, and reads as a group', async () => {
    const kafka = client(await start())
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 't', numPartitions: 3 }], waitForLeaders: true })
    expect(await admin.listTopics()).toEqual(['t'])
    const producer = kafka.producer()
    await producer.connect()
    const messages = Array.from({ length: 50 }, (_, n) => ({ key: `k${n}`, value: `v${n}` }))
    await producer.send({ topic: 't', messages })
    const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic: 't', fromBeginning: true })
    const seen = new Set<string | undefined>()
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            seen.add(message.value?.toString())
            if (seen.size === messages.length) resolve()
          },
        })
        .catch(reject)
    })
    const { groups } = await admin.describeGroups(['g'])
    expect(groups).toMatchObject([{ state: 'Stable', protocolType: 'consumer' }])
    await consumer.disconnect()
    const offsets = await admin.fetchOffsets({ groupId: 'g', topics: ['t'] })
    const committed = offsets[0]?.partitions.map(({ offset }) => Number(offset)) ?? []
    expect(committed.filter((offset) => offset > 0).reduce((sum, one) => sum + one, 0)).toBe(50)
    expect(await admin.deleteGroups(['g'])).toMatchObject([{ errorCode: 0 }])
    await admin.deleteTopics({ topics: ['t'] })
    expect(await admin.listTopics()).toEqual([])
    await Promise.all([producer.disconnect(), admin.disconnect()])
  })

  test('commits and aborts transactions with offsets', async () => {
    const kafka = client(await start(), { retry: { retries: 8, initialRetryTime: 20 } })
    const { admin, producer } = await transactional(kafka)
    for (const [offset, commit] of [
      ['3', true],
      ['9', false],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 't', messages: [{ value: offset }] })
      const topics = [{ topic: 't', partitions: [{ partition: 0, offset }] }]
      await transaction.sendOffsets({ consumerGroupId: 'g', topics })
      await (commit ? transaction.commit() : transaction.abort())
    }
    const committed = await admin.fetchOffsets({ groupId: 'g', topics: ['t'] })
    expect(committed).toMatchObject([{ partitions: [{ offset: '3' }] }])
    await Promise.all([producer.disconnect(), admin.disconnect()])
  })
})

describe('SASL', () => {
  const users = { alice: 'pass,word=1' }
  const open = () =>
    start({
      sasl: {
        plain: users,
        'scram-sha-256': users,
        'scram-sha-512': users,
        oauthbearer: (token) => {
          if (token !== 'good') throw new Error('no such token')
          return { name: 'alice' }
        },
      },
    })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    '%s lets in who knows the password, and nobody else',
    async (mechanism) => {
      const broker = await open()
      const as = (username: string, password: string) =>
        client(broker, { sasl: { mechanism, username, password } as KafkaConfig['sasl'] & {} })
      expect(await ask(as('alice', users.alice))).toBe('answered')
      await expect(ask(as('alice', 'wrong'))).rejects.toThrow(/authentication/i)
      await expect(ask(as('mallory', users.alice))).rejects.toThrow(/authentication/i)
      await expect(ask(as('toString', 'x'))).rejects.toThrow(/authentication/i)
    },
  )

  test('oauthbearer asks the validator', async () => {
    const broker = await open()
    const as = (value: string) =>
      client(broker, {
        sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) },
      })
    expect(await ask(as('good'))).toBe('answered')
    await expect(ask(as('bad'))).rejects.toThrow(/token is not valid/)
  })

  test('a client that does not authenticate, or by what is not offered, is cut off', async () => {
    const broker = await start({ sasl: { plain: users } })
    await expect(ask(client(broker))).rejects.toThrow()
    const sasl = { mechanism: 'scram-sha-256', username: 'alice', password: 'x' } as const
    await expect(ask(client(broker, { sasl }))).rejects.toThrow(/mechanism/)
  })
})

describe('TLS', () => {
  let dir = ''
  let certificates: Certificates

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    certificates = makeCertificates(dir)
  })

  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test('speaks to who trusts its authority', async () => {
    const broker = await start({ tls: certificates.server })
    expect(await ask(client(broker, { ssl: { ca: certificates.ca } }))).toBe('answered')
    await expect(ask(client(broker, { ssl: { ca: certificates.stranger.cert } }))).rejects.toThrow()
    await expect(ask(client(broker))).rejects.toThrow()
  })

  test('asks for a certificate of its authority where it has one', async () => {
    const { ca, server, client: mine, stranger } = certificates
    const broker = await start({ tls: { ...server, ca } })
    expect(await ask(client(broker, { ssl: { ca, ...mine } }))).toBe('answered')
    await expect(ask(client(broker, { ssl: { ca, ...stranger } }))).rejects.toThrow()
    await expect(ask(client(broker, { ssl: { ca } }))).rejects.toThrow()
  })
})

describe('the door', () => {
  test('a port in use is a ConfigError that says what to do', async () => {
    const { address } = await start()
    const port = Number(address.split(':')[1])
    await expect(startBroker({ port })).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(/choose another port/),
    })
  })

  test('cuts off what does not speak Kafka', async () => {
    const broker = await start()
    const [host = '', port] = broker.address.split(':')
    const socket = connect({ host, port: Number(port) })
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(await ask(client(broker))).toBe('answered')
  })

  test('stops twice, with a client that waits', async () => {
    const broker = await start()
    const kafka = client(broker)
    const admin = kafka.admin()
    await admin.connect()
    await broker.stop()
    await broker.stop()
    await admin.disconnect()
    await expect(ask(kafka)).rejects.toThrow()
  })

  test('what was acknowledged survives kill -9, an open transaction goes on', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
    let program = Program.source('integration/support/broker.ts', [dir])
    const [, address = ''] = await program.prints(/listening on (\S+)/)
    const brokers = [address]
    const kafka = new Kafka({
      brokers,
      logLevel: logLevel.NOTHING,
      retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
    })
    const { admin, producer } = await transactional(kafka)
    const transaction = await producer.transaction()
    await transaction.send({ topic: 't', messages: [{ value: 'before' }] })
    program.signal('SIGKILL')
    await program.ended
    program = Program.source('integration/support/broker.ts', [dir, address.split(':')[1] ?? ''])
    await program.prints(/listening on/)
    await transaction.send({ topic: 't', messages: [{ value: 'after' }] })
    await transaction.commit()
    // kafkajs asks for what is committed, and the marker is written after the commit is answered.
    let high = 0
    while (high < 2) high = Number((await admin.fetchTopicOffsets('t'))[0]?.high)
    expect(high).toBeGreaterThanOrEqual(2)
    await Promise.all([producer.disconnect(), admin.disconnect()])
    await program.kill()
    rmSync(dir, { recursive: true, force: true })
  })
})
