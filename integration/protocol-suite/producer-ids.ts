/** Producer ids and epochs: claiming, recovering, running out. */
import { initProducerId } from '../../lib/kafka/protocol/apis.ts'
import type { Producer, RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import type { Versions } from './transaction-calls.ts'
import { init, Transactional, V1, V2 } from './transaction-calls.ts'

export const producerIds: readonly Scenario[] = [
  scenario(
    'claiming an id with an open transaction: 51 first, then an epoch two higher',
    { first: 51, epoch: 2, sameId: true },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      const old = await tx.begin()
      await tx.addPartitions(old, topic)
      const first = await init(kafka, tx.id, 4)
      const successor = await tx.begin()
      return {
        first: first.errorCode,
        epoch: successor.producerEpoch - old.producerEpoch,
        sameId: successor.producerId === old.producerId,
      }
    },
  ),
  scenario(
    'claiming an idle id: an epoch one higher',
    { codes: [0, 0, 0], epochs: [0, 1, 2] },
    async (kafka) => {
      const tx = new Transactional(kafka, V1)
      const all = [await tx.begin(), await tx.begin(), await tx.begin()]
      return {
        codes: all.map(({ errorCode }) => errorCode),
        epochs: all.map(({ producerEpoch }) => producerEpoch),
      }
    },
  ),
  scenario(
    'recovery with the current epoch: one higher; repeated, the same; from an older one, 90',
    { first: [0, 1], repeat: [0, 1], next: [0, 2], older: 90 },
    async (kafka) => {
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      const first = await init(kafka, tx.id, 4, producer)
      const repeat = await init(kafka, tx.id, 4, producer)
      const next = await init(kafka, tx.id, 4, first)
      const older = await init(kafka, tx.id, 4, producer)
      return {
        first: [first.errorCode, first.producerEpoch],
        repeat: [repeat.errorCode, repeat.producerEpoch],
        next: [next.errorCode, next.producerEpoch],
        older: older.errorCode,
      }
    },
  ),
  scenario(
    'recovery with a transaction open: 51 first, then it is aborted',
    { v1: [51, 0, 1], v2: [51, 0, 1] },
    async (kafka) => {
      const topic = await kafka.topic()
      const recover = async (versions: Versions) => {
        const tx = new Transactional(kafka, versions)
        const producer = await tx.begin()
        await tx.addPartitions(producer, topic)
        const first = await init(kafka, tx.id, 4, producer)
        const then = await tx.begin({ current: producer })
        return [first.errorCode, then.errorCode, then.producerEpoch]
      }
      return { v1: await recover(V1), v2: await recover(V2) }
    },
  ),
  scenario(
    'InitProducerId refuses a timeout above the maximum, an empty id, half an identity',
    { timeout: 50, zero: 50, empty: 42, half: 42 },
    async (kafka) => ({
      timeout: (await init(kafka, kafka.name('tx'), 4, undefined, 900_001)).errorCode,
      zero: (await init(kafka, kafka.name('tx'), 4, undefined, 0)).errorCode,
      empty: (await init(kafka, '', 4)).errorCode,
      half: (await init(kafka, kafka.name('tx'), 4, { producerId: -1, producerEpoch: 5 }))
        .errorCode,
    }),
  ),
  scenario(
    'a producer id whose epochs are used up is replaced, and the old one is not known any more',
    { rotated: [0, 0, true], repeat: [0, 0, true], old: 49, next: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V2)
      let producer: Producer = await tx.begin()
      let end = { errorCode: 0, ...producer }
      const connections = await kafka.connect()
      // Claims are the fastest way through the epochs; the last step is a transaction.
      const last = await lastEpoch(kafka)
      while (producer.producerEpoch < last)
        producer = await kafka.call(
          initProducerId,
          4,
          { transactionalId: tx.id, transactionTimeoutMs: 60_000 },
          connections,
        )
      await tx.produce(producer, topic, 0)
      end = await tx.endDone(producer, true)
      const repeat = await tx.endDone(producer, true)
      await kafka.until(
        () => tx.addPartitions(end, topic),
        (code) => code !== 51 && code !== 49,
      )
      return {
        rotated: [end.errorCode, end.producerEpoch, end.producerId !== producer.producerId],
        repeat: [repeat.errorCode, repeat.producerEpoch, repeat.producerId === end.producerId],
        old: await tx.addPartitions(producer, topic),
        next: await tx.produce(end, topic, 0),
      }
    },
  ),
]

/** The last epoch that clients see: Kafka's is 32,766; the embedded broker says its own by rotating. */
async function lastEpoch(kafka: RawKafka): Promise<number> {
  const probe = kafka.name('probe')
  for (let before = -1; ; ) {
    const { producerEpoch } = await init(kafka, probe, 4)
    if (producerEpoch <= before) return before
    before = producerEpoch
  }
}
