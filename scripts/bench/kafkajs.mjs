/**
 * What many teams write by hand: kafkajs, eachBatch, a Map, sendBatch; at least once, and the Map is
 * gone when the process is. A workload in one process; see README.md for the environment.
 */
import { Kafka, logLevel } from 'kafkajs'
import { env, running, seen } from './marks.mjs'

/** sendBatch is quadratic in the messages of a partition: small sends are its best. */
const MESSAGES_PER_SEND = 500

const counts = new Map()
const topic = env.BENCH_OUT

function count(key) {
  const value = (counts.get(key) ?? 0) + 1
  counts.set(key, value)
  return { key, value: String(value) }
}

const STEPS = {
  'w1-bytes': ({ key, value }) => [{ key, value }],
  'w1-json': ({ key, value }) => {
    const event = JSON.parse(value)
    event.amount += 1
    return [{ key, value: JSON.stringify(event) }]
  },
  w3: ({ value }) => JSON.parse(value).text.split(' ').map(count),
  count: ({ value }) => [count(JSON.parse(value).key)],
  'w4-tumble': ({ value }) => {
    const { key, ts } = JSON.parse(value)
    return [count(`${key}@${ts - (ts % 10_000)}`)]
  },
  'w4-hop': ({ value }) => {
    const { key, ts } = JSON.parse(value)
    const last = ts - (ts % 500)
    return [count(`${key}@${last - 500}`), count(`${key}@${last}`)]
  },
}

const step = STEPS[env.BENCH_WORKLOAD]
if (step === undefined) throw new Error(`no workload ${env.BENCH_WORKLOAD} here`)
if (env.BENCH_GUARANTEE !== 'alo') throw new Error('it is at-least-once only')

const kafka = new Kafka({
  clientId: 'bench',
  brokers: env.BENCH_BROKERS.split(','),
  logLevel: logLevel.ERROR,
})
const consumer = kafka.consumer({ groupId: env.BENCH_APP_ID })
const producer = kafka.producer()

async function eachBatch({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning }) {
  for (let at = 0; at < batch.messages.length && isRunning(); ) {
    const messages = []
    while (at < batch.messages.length && messages.length < MESSAGES_PER_SEND) {
      seen()
      messages.push(...step(batch.messages[at]))
      at++
    }
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] })
    resolveOffset(batch.messages[at - 1].offset)
    await heartbeat()
    await commitOffsetsIfNecessary()
  }
}

await producer.connect()
await consumer.connect()
await consumer.subscribe({ topics: env.BENCH_IN.split(','), fromBeginning: true })
async function stop() {
  await consumer.disconnect()
  await producer.disconnect()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
running()
await consumer.run({
  autoCommitInterval: Number(env.BENCH_COMMIT_MS),
  eachBatchAutoResolve: false,
  eachBatch,
})
