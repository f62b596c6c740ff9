/**
 * Compaction of one partition as Kafka's log cleaner does it: the last record of each key stays,
 * aborted records go, tombstones and markers go once their time has come, and the last batch of a
 * producer stays as an empty one, for it carries the sequence.
 */
import { mapKey } from '../../../core/bytes.ts'
import type { AbortedTransactions } from './aborted-transactions.ts'
import { withRecords } from './batch-header.ts'
import type { ProducerStates } from './producer-states.ts'
import type { RawRecord } from './raw-records.ts'
import { rawRecords } from './raw-records.ts'
import type { StoredBatch } from './segments.ts'

export interface CompactionContext {
  readonly now: number
  readonly deleteRetentionMs: number
  readonly producers: ProducerStates
  readonly aborted: AbortedTransactions
}

/** What is left of these batches, all of which are decided. */
export function compact(
  batches: readonly StoredBatch[],
  context: CompactionContext,
): StoredBatch[] {
  const latest = latestOffsets(batches, context)
  const openData = new Set<number>()
  const left: StoredBatch[] = []
  for (const batch of batches) {
    const kept = batch.header.control
      ? keepMarker(batch, context, openData)
      : keepData(batch, context, latest)
    if (kept === undefined) continue
    if (kept.header.transactional && !kept.header.control && kept.header.count > 0)
      openData.add(kept.header.producerId)
    left.push(kept)
  }
  return left
}

function latestOffsets(
  batches: readonly StoredBatch[],
  { aborted }: CompactionContext,
): Map<string, number> {
  const latest = new Map<string, number>()
  for (const { header, bytes } of batches) {
    if (header.control || isAborted(header, aborted)) continue
    for (const { key, offset } of rawRecords(bytes))
      if (key !== null) latest.set(mapKey(key), offset)
  }
  return latest
}

function isAborted(header: StoredBatch['header'], aborted: AbortedTransactions): boolean {
  return header.transactional && aborted.includes(header.producerId, header.baseOffset)
}

function keepData(
  batch: StoredBatch,
  context: CompactionContext,
  latest: ReadonlyMap<string, number>,
): StoredBatch | undefined {
  const { header, bytes } = batch
  const records = isAborted(header, context.aborted) ? [] : rawRecords(bytes)
  const horizonMs = batch.deleteHorizonMs ?? context.now + context.deleteRetentionMs
  const expired = batch.deleteHorizonMs !== undefined && context.now >= horizonMs
  const kept = records.filter(
    (record) => isLatest(record, latest) && !(record.tombstone && expired),
  )
  const hasTombstones = kept.some(({ tombstone }) => tombstone)
  if (kept.length === 0 && !context.producers.isLastOf(header.producerId, header.lastOffset))
    return undefined
  if (kept.length === header.count)
    return hasTombstones ? { ...batch, deleteHorizonMs: horizonMs } : batch
  return {
    header: { ...header, count: kept.length, codec: 0 },
    bytes: withRecords(
      bytes,
      kept.map((record) => record.bytes),
    ),
    deleteHorizonMs: hasTombstones ? horizonMs : undefined,
  }
}

function isLatest(record: RawRecord, latest: ReadonlyMap<string, number>): boolean {
  return record.key !== null && latest.get(mapKey(record.key)) === record.offset
}

/** A marker stays while records of its transaction do, and for a while after. */
function keepMarker(
  batch: StoredBatch,
  { now, deleteRetentionMs, producers }: CompactionContext,
  openData: Set<number>,
): StoredBatch | undefined {
  const { producerId, lastOffset } = batch.header
  if (openData.delete(producerId) || producers.isLastOf(producerId, lastOffset)) return batch
  const deleteHorizonMs = batch.deleteHorizonMs ?? now + deleteRetentionMs
  if (batch.deleteHorizonMs !== undefined && now >= deleteHorizonMs) return undefined
  return { ...batch, deleteHorizonMs }
}
