/** A closed batch on its way to the broker, and what can still be done with one that was refused. */
import { BatchWriter } from '../protocol/batch-writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { readBatches } from '../protocol/record-batch.ts'
import { Origins } from './origins.ts'

/** Whose batches they are: sequences count within a producer id and epoch. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface SealedBatch {
  readonly records: Buffer
  readonly count: number
  readonly sequence: number
  /** When it was sealed (monotonic): it is not tried for ever. */
  readonly since: number
  /** Whose bytes `records` may be a view of, and what its records came of. */
  readonly filled: Filling
}

const SEQUENCES = 2 ** 31
const MAX_FREE = 64

/** What a batch is written into: used again once the batch is acknowledged. */
export class Filling {
  readonly writer: BatchWriter = new BatchWriter()
  readonly origins: Origins = new Origins()
}

/** Of batches that are acknowledged: their buffers have grown to size. */
export class FillingPool {
  readonly #free: Filling[] = []

  take(): Filling {
    return this.#free.pop() ?? new Filling()
  }

  give(filling: Filling): void {
    filling.writer.reset()
    filling.origins.reset()
    if (this.#free.length < MAX_FREE) this.#free.push(filling)
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
  let filling = new Filling()
  const rebuilt: SealedBatch[] = []
  let next = sequence
  const close = (): void => {
    const { count } = filling.writer
    if (count === 0) return
    const records = sealBatch(filling.writer, identity, next, style)
    rebuilt.push({ records, count, sequence: next, since: batch.since, filled: filling })
    next = sequenceAfter(next, count)
    // A new one each time: the batch is a view of the writer's bytes.
    filling = new Filling()
  }
  for (const view of readBatches(batch.records))
    for (let index = 0; index < view.count; index++) {
      if (index === change.without) continue
      const { writer, origins } = filling
      origins.add(writer.count, batch.filled.origins.of(index))
      writer.append(view.key(index), view.value(index), view.timestamp(index), view.headers(index))
      if (writer.count >= limit) close()
    }
  close()
  return rebuilt
}
