/** Compaction and retention: what is left of a log, and which offsets its batches keep. */
import type { RawKafka, ReadBatch } from './raw-kafka.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V1 } from './transaction-calls.ts'

/** Compacts as soon as it can: a segment a batch, always dirty enough. */
const EAGER = {
  'cleanup.policy': 'compact',
  'segment.ms': '50',
  'min.cleanable.dirty.ratio': '0.001',
  'max.compaction.lag.ms': '100',
  'delete.retention.ms': '100',
}

async function read(kafka: RawKafka, topic: string): Promise<readonly ReadBatch[]> {
  const batches: ReadBatch[] = []
  for (let offset = 0; ; ) {
    const answer = await kafka.fetch(topic, { offset, maxWaitMs: 0 })
    const last = answer.batches.at(-1)
    if (last === undefined) return batches
    batches.push(...answer.batches)
    offset = last.nextOffset
  }
}

/** Reads until it looks as expected; a real cleaner looks every 15 seconds. */
async function readWhen(
  kafka: RawKafka,
  topic: string,
  isClean: (batches: readonly ReadBatch[]) => boolean,
): Promise<readonly ReadBatch[]> {
  const end = kafka.clock.monotonic() + 75_000
  for (;;) {
    const batches = await read(kafka, topic)
    if (isClean(batches) || kafka.clock.monotonic() > end) return batches
    await kafka.clock.sleep(1000)
  }
}

/** Closes the segment that holds what was written so far. */
async function roll(kafka: RawKafka, topic: string): Promise<void> {
  await kafka.clock.sleep(100)
  await kafka.write(topic, { key: 'roll', value: 'r' })
  await kafka.clock.sleep(100)
  await kafka.write(topic, { key: 'roll', value: 's' })
}

const valuesOf = (batches: readonly ReadBatch[]) =>
  batches.filter(({ control }) => !control).flatMap(({ values }) => values)

export const compaction: readonly Scenario[] = [
  scenario(
    'the last value of each key is left, at its offset',
    { values: ['a2', 'b2', 's'], offsets: [2, 3, 5] },
    async (kafka) => {
      const topic = await kafka.topic(1, EAGER)
      await kafka.write(topic, { key: 'a', value: 'a1' }, { key: 'b', value: 'b1' })
      await kafka.write(topic, { key: 'a', value: 'a2' }, { key: 'b', value: 'b2' })
      await roll(kafka, topic)
      await kafka.clock.sleep(200)
      await kafka.write(topic, { key: 'last', value: 't' })
      const batches = await readWhen(kafka, topic, (all) => valuesOf(all).length === 4)
      return {
        values: valuesOf(batches).slice(0, 3),
        offsets: batches.flatMap(({ offsets }) => offsets).slice(0, 3),
      }
    },
  ),
  scenario(
    'a tombstone hides its key, stays for a while, and goes',
    { values: ['s', 't'] },
    async (kafka) => {
      const topic = await kafka.topic(1, EAGER)
      await kafka.write(topic, { key: 'a', value: 'a1' }, { key: 'a', value: null })
      await roll(kafka, topic)
      await kafka.clock.sleep(200)
      await kafka.write(topic, { key: 'last', value: 't' })
      let more = 0
      const batches = await readWhen(kafka, topic, (all) => {
        const values = valuesOf(all)
        return !values.includes('a1') && !values.includes(null) && more++ >= 0
      })
      return { values: valuesOf(batches).slice(-2) }
    },
  ),
  scenario(
    'aborted records go, and the last batch of a producer stays as an empty one',
    { values: ['kept'], empty: true, contiguous: true },
    async (kafka) => {
      const topic = await kafka.topic(1, EAGER)
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addPartitions(producer, topic)
      await tx.produce(producer, topic, 0, 'aborted')
      await tx.endDone(producer, false)
      await tx.endDone(producer, false)
      const plain = await kafka.producer(null)
      await kafka.produce(topic, { records: [{ key: 'x', value: 'old' }], producer: plain })
      await kafka.write(topic, { key: 'x', value: 'kept' })
      await roll(kafka, topic)
      await kafka.clock.sleep(200)
      await kafka.write(topic, { key: 'last', value: 't' })
      const batches = await readWhen(kafka, topic, (all) => {
        const values = valuesOf(all)
        return !values.includes('aborted') && !values.includes('old')
      })
      const data = batches.filter(({ control }) => !control)
      return {
        values: valuesOf(batches).filter(
          (value) => value === 'kept' || value === 'aborted' || value === 'old',
        ),
        empty: data.some(({ values, nextOffset }) => values.length === 0 && nextOffset === 3),
        contiguous: batches.every(
          (batch, index) => index === 0 || batch.nextOffset > (batches[index - 1]?.nextOffset ?? 0),
        ),
      }
    },
  ),
]
