/** Producers that are refused: zombies, timed out ones, those under an id that is not theirs. */
import type { RawKafka } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import type { Versions } from './transaction-calls.ts'
import { init, stableOffset, Transactional, V1, V2 } from './transaction-calls.ts'

/** A producer whose successor has taken the id over while its transaction was open. */
async function zombie(kafka: RawKafka, versions: Versions, topic: string) {
  const tx = new Transactional(kafka, versions)
  const old = await tx.begin()
  await tx.addPartitions(old, topic)
  await tx.produce(old, topic, 0)
  const successor = await tx.begin()
  return { tx, old, successor }
}

export const fencing: readonly Scenario[] = [
  scenario(
    'a zombie of V1: 47 everywhere, 90 for recovery',
    { produce: 47, add: 47, addOffsets: 47, offsets: 47, end: 47, init4: 90, init3: 47 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const { tx, old } = await zombie(kafka, V1, topic)
      return {
        produce: await tx.produce(old, topic, 1),
        add: await tx.addPartitions(old, topic),
        addOffsets: await tx.addOffsets(old, group),
        offsets: await tx.commitOffset(old, group, { topic, offset: 1 }),
        end: (await tx.end(old, true)).errorCode,
        init4: (await init(kafka, tx.id, 4, old)).errorCode,
        init3: (await init(kafka, tx.id, 3, old)).errorCode,
      }
    },
  ),
  scenario(
    'a zombie with newer requests: 90 from the coordinator, 47 from the others',
    { add: 90, addOffsets: 90, end: 90, produce: 47, offsets: 47 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const { tx, old } = await zombie(kafka, V2, topic)
      return {
        add: await tx.addPartitions(old, topic, 3),
        addOffsets: await tx.addOffsets(old, group, 4),
        end: (await tx.end(old, true)).errorCode,
        produce: await tx.produce(old, topic, 1),
        offsets: await tx.commitOffset(old, group, { topic, offset: 1 }),
      }
    },
  ),
  scenario(
    'what the zombie had written is aborted',
    { values: ['new'], aborted: 1 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { tx, successor } = await zombie(kafka, V1, topic)
      await tx.addPartitionsSoon(successor, topic)
      await tx.produce(successor, topic, 0, 'new')
      await tx.endDone(successor, true)
      await tx.endDone(successor, true)
      const answer = await kafka.fetch(topic, { committed: true })
      const data = answer.batches.filter(({ control }) => !control)
      return {
        values: data.slice(1).flatMap(({ values }) => values),
        aborted: answer.abortedTransactions?.length,
      }
    },
  ),
  scenario(
    'a zombie that claims the id again steals it back',
    { zombie: [0, 2], owner: 47 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      await tx.begin()
      const owner = await tx.begin()
      const again = await tx.begin()
      return {
        zombie: [again.errorCode, again.producerEpoch],
        owner: await tx.addPartitions(owner, topic),
      }
    },
  ),
  scenario(
    'a commit that was decided survives the claim of a successor',
    { offset: 4 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addOffsets(producer, group)
      await tx.commitOffset(producer, group, { topic, offset: 4 })
      await tx.end(producer, true)
      await tx.begin()
      return { offset: await stableOffset(kafka, group, topic) }
    },
  ),
  scenario(
    'a transaction that times out is aborted and its producer refused; recovery gives it a clean one',
    { add: 47, end: 47, recovered: [0, 1] },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin({ timeoutMs: 1000 })
      await tx.addPartitions(producer, topic)
      await tx.produce(producer, topic, 0)
      await kafka.until(
        () => kafka.fetch(topic, { committed: true, maxWaitMs: 0 }),
        ({ batches }) => batches.length === 2,
        200,
      )
      return {
        add: await tx.addPartitions(producer, topic),
        end: (await tx.end(producer, true)).errorCode,
        recovered: await (async () => {
          const { errorCode, producerEpoch } = await tx.begin({ current: producer })
          return [errorCode, producerEpoch]
        })(),
      }
    },
  ),
  scenario(
    'a V2 transaction that timed out: 47 for what comes late, 48 for its commit, 0 for its abort',
    { produce: 47, offsets: 47, commit: 48, abort: 0, recovered: [0, 1] },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin({ timeoutMs: 1000 })
      await tx.produce(producer, topic, 0)
      await kafka.until(
        () => kafka.fetch(topic, { committed: true, maxWaitMs: 0 }),
        ({ batches }) => batches.length === 2,
        200,
      )
      const observed = {
        produce: await tx.produce(producer, topic, 1),
        offsets: await tx.commitOffset(producer, group, { topic, offset: 1 }),
        commit: (await tx.endDone(producer, true)).errorCode,
        abort: (await tx.endDone(producer, false)).errorCode,
      }
      const { errorCode, producerEpoch } = await tx.begin({ current: producer })
      return { ...observed, recovered: [errorCode, producerEpoch] }
    },
  ),
  scenario(
    'requests under a producer id that is not that of the transactional id: 49',
    { add: 49, end: 49, produce: 49, offsets: 49, unknown: 49, init: 90 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const tx = new Transactional(kafka, V2)
      const mine = await tx.begin()
      const other = { producerId: mine.producerId + 1000, producerEpoch: 0 }
      const stranger = new Transactional(kafka, V2)
      return {
        add: await tx.addPartitions(other, topic),
        end: (await tx.end(other, true)).errorCode,
        produce: await tx.produce(other, topic, 0),
        offsets: await tx.commitOffset(other, group, { topic, offset: 1 }),
        unknown: await stranger.addPartitions(mine, topic),
        init: (await init(kafka, tx.id, 4, other)).errorCode,
      }
    },
  ),
  scenario('a transactional batch without a transactional id: 53', { code: 53 }, async (kafka) => {
    const topic = await kafka.topic()
    const producer = await new Transactional(kafka, V1).begin()
    const { errorCode } = await kafka.produce(topic, {
      records: [{}],
      producer,
      transactional: true,
    })
    return { code: errorCode }
  }),
]
