/** What a broker refuses to write: size, timestamps, keys, damage. */
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'

const HOUR_MS = 3_600_000

export const limits: readonly Scenario[] = [
  scenario(
    'a batch larger than max.message.bytes: 10, and the next one is taken',
    { large: 10, fits: 0 },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'max.message.bytes': '1000' })
      const large = await kafka.produce(topic, { records: [{ value: 'x'.repeat(1000) }] })
      const fits = await kafka.produce(topic, { records: [{ value: 'x'.repeat(500) }] })
      return { large: large.errorCode, fits: fits.errorCode }
    },
  ),
  scenario(
    'a timestamp more than an hour ahead: 32 for the whole batch; Produce 8 names the record',
    { seven: [32, 0], eight: [32, [1]], within: 0, past: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const now = kafka.clock.now()
      const records = [{ timestamp: now }, { timestamp: now + 1.1 * HOUR_MS }, { timestamp: now }]
      const seven = await kafka.produce(topic, { records })
      const eight = await kafka.produce(topic, { records }, { version: 8 })
      const within = await kafka.produce(topic, { records: [{ timestamp: now + 0.9 * HOUR_MS }] })
      const past = await kafka.produce(topic, { records: [{ timestamp: 1000 }] })
      return {
        seven: [seven.errorCode, seven.recordErrors.length],
        eight: [eight.errorCode, eight.recordErrors.map(({ batchIndex }) => batchIndex)],
        within: within.errorCode,
        past: past.errorCode,
      }
    },
  ),
  scenario(
    'the limits on timestamps are the topic’s own',
    { before: 32, after: 0 },
    async (kafka) => {
      const topic = await kafka.topic(1, {
        'message.timestamp.before.max.ms': '60000',
        'message.timestamp.after.max.ms': '9223372036854775807',
      })
      const now = kafka.clock.now()
      const write = async (timestamp: number) =>
        (await kafka.produce(topic, { records: [{ timestamp }] })).errorCode
      return { before: await write(now - 120_000), after: await write(now + 48 * HOUR_MS) }
    },
  ),
  scenario(
    'a compacted topic takes no record without a key: 87, and names it',
    { seven: 87, eight: [87, [1]], keyed: 0 },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'cleanup.policy': 'compact' })
      const records = [{}, { key: null }]
      const seven = await kafka.produce(topic, { records })
      const eight = await kafka.produce(topic, { records }, { version: 8 })
      const keyed = await kafka.produce(topic, { records: [{}] })
      return {
        seven: seven.errorCode,
        eight: [eight.errorCode, eight.recordErrors.map(({ batchIndex }) => batchIndex)],
        keyed: keyed.errorCode,
      }
    },
  ),
  scenario(
    'a damaged batch: 2; two batches for one partition: 87; acks that do not exist: 21',
    { damaged: 2, two: 87, acks: 21 },
    async (kafka) => {
      const topic = await kafka.topic()
      const damaged = kafka.batch({ records: [{ value: 'damaged' }] })
      damaged[damaged.length - 3] = (damaged[damaged.length - 3] ?? 0) ^ 0xff
      const two = Buffer.concat([kafka.batch({ records: [{}] }), kafka.batch({ records: [{}] })])
      return {
        damaged: (await kafka.produce(topic, damaged)).errorCode,
        two: (await kafka.produce(topic, two)).errorCode,
        acks: (await kafka.produce(topic, { records: [{}] }, { acks: 3 })).errorCode,
      }
    },
  ),
  scenario(
    'LogAppendTime: the broker’s time for every record, told to the producer',
    { code: 0, told: true, offset: 0 },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'message.timestamp.type': 'LogAppendTime' })
      const before = kafka.clock.now()
      const { errorCode, logAppendTimeMs, baseOffset } = await kafka.produce(topic, {
        records: [{ timestamp: 1000 }],
      })
      const told = logAppendTimeMs >= before - 1000 && logAppendTimeMs <= before + 10_000
      return { code: errorCode, told, offset: baseOffset }
    },
  ),
  scenario(
    'a topic with fewer replicas than min.insync.replicas takes records all the same',
    { all: 0, one: 0 },
    async (kafka) => {
      const topic = await kafka.topic(1, { 'min.insync.replicas': '2' })
      return {
        all: (await kafka.produce(topic, { records: [{}] })).errorCode,
        one: (await kafka.produce(topic, { records: [{}] }, { acks: 1 })).errorCode,
      }
    },
  ),
]
