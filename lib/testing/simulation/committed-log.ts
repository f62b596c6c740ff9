/**
 * An independent reader of committed records: it reads everything, markers included, and keeps what a
 * commit marker has confirmed. Nothing of our fetcher is used, for that is under test.
 */
import { fetch } from '../../kafka/protocol/apis.ts'
import type { LazyBatch } from '../../kafka/protocol/record-batch.ts'
import { readBatches } from '../../kafka/protocol/record-batch.ts'
import type { Connection } from '../../kafka/transport.ts'
import { request } from './wire.ts'

export interface CommittedRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
}

const MAX_BYTES = 16_777_216
const FETCH_VERSION = 11

/** Of one partition, in order. `open`: how many transactions are not decided there. */
export async function committedLog(
  connection: Connection,
  topic: string,
  partition: number,
): Promise<{ readonly records: readonly CommittedRecord[]; readonly open: number }> {
  const confirmed: LazyBatch[] = []
  const pending = new Map<number, LazyBatch[]>()
  for await (const batch of batches(connection, topic, partition)) {
    if (batch.isControl) {
      if (batch.controlType === 1) confirmed.push(...(pending.get(batch.producerId) ?? []))
      pending.delete(batch.producerId)
    } else if (batch.isTransactional)
      pending.set(batch.producerId, [...(pending.get(batch.producerId) ?? []), batch])
    else confirmed.push(batch)
  }
  // Transactions interleave: what was written first is first, whenever it was decided.
  confirmed.sort((one, other) => one.baseOffset - other.baseOffset)
  const records = confirmed.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, index) => ({
      partition,
      offset: batch.offset(index),
      key: copy(batch.key(index)),
      value: copy(batch.value(index)),
      timestamp: batch.timestamp(index),
    })),
  )
  return { records, open: pending.size }
}

async function* batches(
  connection: Connection,
  topic: string,
  partition: number,
): AsyncGenerator<LazyBatch> {
  for (let fetchOffset = 0; ; ) {
    const answer = await request(connection, fetch, FETCH_VERSION, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: MAX_BYTES }] }],
    })
    const [part] = answer.responses[0]?.partitions ?? []
    const before = fetchOffset
    for (const batch of readBatches(part?.records ?? Buffer.alloc(0))) {
      // A purge moves the start: the next batch that is there tells where it goes on.
      if (batch.nextOffset > fetchOffset) {
        fetchOffset = batch.nextOffset
        yield batch
      }
    }
    if (fetchOffset === before) return
  }
}

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
