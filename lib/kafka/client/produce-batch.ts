/** A closed batch on its way to the broker, and what can still be done with one that was refused. */
import { BatchWriter } from '../protocol/batch-writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { readBatches } from '../protocol/record-batch.ts'

/** Whose batches they are: sequences count within a producer id and epoch. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface SealedBatch {
  readonly records: Buffer
  readonly count: number
  readonly sequence: number
  /** What came with each record; undefined when nothing came with any. */
  readonly origins: readonly unknown[] | undefined
  /** When it was sealed (monotonic): it is not tried for ever. */
  readonly since: number
  /** Whose bytes `records` may be a view of, to be used again once the batch is acknowledged. */
  readonly writer?: BatchWriter | undefined
}

const SEQUENCES = 2 ** 31
const MAX_FREE_WRITERS = 64

/** Writers whose batches are acknowledged: their buffers have grown to size. */
export class WriterPool {
  readonly #free: BatchWriter[] = []

  take(): BatchWriter {
    return this.#free.pop() ?? new BatchWriter()
  }

  give(writer: BatchWriter): void {
    writer.reset()
    if (this.#free.length < MAX_FREE_WRITERS) this.#free.push(writer)
  }
}

/** How batches are written. */
export interface BatchStyle {
  readonly isTransactional: boolean
  readonly compression: Compression
}

/** The sequence so many records later; it wraps where an int32 becomes negative. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % SEQUENCES
}

/**
 * Closes a batch. The transactional bit is what makes an abort cover it, and the broker accepts a
 * batch without it in the middle of a transaction: it follows from the style and from nothing else.
 */
export function sealBatch(
  writer: BatchWriter,
  identity: ProducerIdentity,
  sequence: number,
  style: BatchStyle,
): Buffer {
  return writer.finish({
    producerId: identity.producerId,
    producerEpoch: identity.producerEpoch,
    baseSequence: sequence,
    transactional: style.isTransactional,
    compression: style.compression,
  })
}

/**
 * The same records as batches of at most `limit`, without the one at index `without`, numbered from
 * `sequence`. For batches that were refused: none of them may be in the log.
 */
export function rebuildBatch(
  batch: SealedBatch,
  identity: ProducerIdentity,
  sequence: number,
  style: BatchStyle,
  change: { readonly limit?: number; readonly without?: number } = {},
): SealedBatch[] {
  const limit = change.limit ?? Infinity
  let writer = new BatchWriter()
  const rebuilt: SealedBatch[] = []
  let origins: unknown[] = []
  let next = sequence
  const close = (): void => {
    if (writer.count === 0) return
    const records = sealBatch(writer, identity, next, style)
    const { count } = writer
    const kept = batch.origins === undefined ? undefined : origins
    rebuilt.push({ records, count, sequence: next, origins: kept, since: batch.since })
    next = sequenceAfter(next, count)
    // A new one each time: the batch is a view of the writer's bytes.
    writer = new BatchWriter()
    origins = []
  }
  for (const view of readBatches(batch.records))
    for (let index = 0; index < view.count; index++) {
      if (index === change.without) continue
      writer.append(view.key(index), view.value(index), view.timestamp(index), view.headers(index))
      origins.push(batch.origins?.[index])
      if (writer.count >= limit) close()
    }
  close()
  return rebuilt
}
