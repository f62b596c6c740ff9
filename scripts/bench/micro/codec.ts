/** Record batches: written by the producer, read by the fetcher. */
import { BatchWriter, LazyBatch } from '../../../lib/kafka/protocol/record-batch.ts'
import type { Case, Group } from './case.ts'
import { eventText, keyOf, RECORDS } from './case.ts'

const HEADER = { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true } as const

/** A batch of events, as a broker would hand it out. */
export function batchOfEvents(): Buffer {
  const writer = new BatchWriter()
  for (let at = 0; at < RECORDS; at++)
    writer.append(Buffer.from(keyOf(at)), Buffer.from(eventText(at)), at, undefined)
  return Buffer.from(writer.finish(HEADER))
}

function write(): Case {
  const writer = new BatchWriter(1 << 18)
  const keys = Array.from({ length: RECORDS }, (_, at) => Buffer.from(keyOf(at)))
  const values = keys.map((_, at) => Buffer.from(eventText(at)))
  const run = (): void => {
    writer.reset()
    for (let at = 0; at < RECORDS; at++) writer.append(keys[at] ?? null, values[at] ?? null, at)
    writer.finish(HEADER)
  }
  return { name: 'batch write', records: RECORDS, run }
}

function read(): Case {
  const bytes = batchOfEvents()
  let sum = 0
  const run = (): void => {
    const batch = new LazyBatch(bytes)
    for (let at = 0; at < batch.count; at++) {
      sum += batch.timestamp(at) + (batch.key(at)?.length ?? 0) + (batch.value(at)?.length ?? 0)
    }
    if (sum < 0) throw new RangeError('a sum of lengths is below 0')
  }
  return { name: 'batch read: check, key, value, timestamp', records: RECORDS, run }
}

export async function codec(): Promise<Group> {
  return { cases: [write(), read()], close: async () => undefined }
}
