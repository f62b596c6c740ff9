/** OAUTHBEARER from end to end: an application and a stock kafkajs at the embedded broker's TCP door. */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { Streams } from 'millrace'
import type { Broker } from 'millrace/broker'
import { startBroker } from 'millrace/broker'
import { tcp } from '../../lib/cluster.ts'
import type { Logger } from '../../lib/core/logger.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { wordCount } from '../../scripts/workloads/word-count.ts'
import { createTopics, write } from '../support/kafka.ts'
import { allOf, recordingLogger } from '../support/recording-logger.ts'
import { WatchedCluster } from '../support/watched-cluster.ts'

/** Each token of an application is good for so long: its connections outlive some. */
const TOKEN_MS = 1000
const LINES = 150
const LINES_PER_TOKEN = 15
const BAD = 'token-of-a-stranger'

let dir = ''
let broker: Broker
let kafka: Kafka
let provided = 0
/** Tells `provided` each time that an application asks for a token. */
const tokens = new EventEmitter()

/** Tokens say who has them and until when, which is enough for a test. */
function validate(token: string): { readonly name: string; readonly expiresAt: number } {
  const [name, expiresAt] = token.split('@')
  if (name !== 'tester' && name !== 'application') throw new Error('no such token')
  return { name, expiresAt: Number(expiresAt) }
}

function clusterOf(token: () => string): WatchedCluster {
  const oauthBearerProvider = async (): Promise<{ readonly value: string }> => {
    provided += 1
    tokens.emit('provided')
    return { value: token() }
  }
  const sasl = { mechanism: 'oauthbearer', oauthBearerProvider } as const
  return new WatchedCluster(tcp({ brokers: broker.brokers, sasl }))
}

function appOf(cluster: WatchedCluster, logger: Logger): Streams {
  return new Streams(wordCount.topology(), {
    applicationId: 'oauth',
    cluster,
    stateDir: dir,
    logger,
  })
}

/** The last count of each word, once the output has so many records. */
async function countsAfter(records: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const consumer = kafka.consumer({ groupId: 'reader', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: wordCount.outputTopic, fromBeginning: true })
  let read = 0
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          counts.set(`${message.key}`, Number(message.value?.readBigInt64BE(0)))
          if (++read === records) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return counts
}

beforeAll(async () => {
  broker = await startBroker({ sasl: { oauthbearer: validate } })
  const value = `tester@${Date.now() + 600_000}`
  kafka = new Kafka({
    brokers: [...broker.brokers],
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) },
  })
  await createTopics(kafka, [...wordCount.inputTopics, wordCount.outputTopic], 1)
})

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-oauth-'))
  provided = 0
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))
afterAll(() => broker.stop())

test('a wrong token ends the application at once, with one error that does not tell it', async () => {
  const cluster = clusterOf(() => BAD)
  const logger = recordingLogger()
  const error = await appOf(cluster, logger)
    .run()
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED', reaction: 'stop' })
  expect(`${error}`).toMatch(/check what sasl\.oauthBearerProvider returns/)
  expect(allOf(error)).not.toContain(BAD)
  expect(logger.lines.filter((line) => line.startsWith('error'))).toHaveLength(1)
  expect(logger.lines.filter((line) => line.includes(BAD))).toEqual([])
  expect(cluster.connections).toBe(1)
  expect(provided).toBe(1)
})

test('an application counts words, while its tokens expire and are renewed', async () => {
  const cluster = clusterOf(() => `application@${Date.now() + TOKEN_MS}`)
  const app = appOf(cluster, silentLogger)
  await app.start()
  const { connections } = cluster
  const lines = Array.from({ length: LINES }, (_, at) => ({
    topic: 'wc-lines',
    key: `${at}`,
    value: at % 3 === 0 ? 'ant bee' : 'bee',
    timestamp: 1_000_000 + at,
  }))
  // Records keep coming from one renewal to the next.
  await write(kafka, lines, LINES_PER_TOKEN, async () => {
    await once(tokens, 'provided')
  })
  expect(await app.stop({ drain: true, timeout: '20s' })).toMatchObject({ drained: true })
  expect(await countsAfter(LINES + LINES / 3)).toEqual(
    new Map([
      ['ant', LINES / 3],
      ['bee', LINES],
    ]),
  )
  // Renewed on the sockets that were open.
  expect(cluster.connections - connections).toBeLessThanOrEqual(1)
  expect(provided).toBeGreaterThan(cluster.connections)
})
