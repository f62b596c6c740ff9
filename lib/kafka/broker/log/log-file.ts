/** PORT: where a partition's batches are kept across restarts. Without one they live in memory. */
import type { StoredBatch } from './segments.ts'

export interface LogFile {
  append(batch: Buffer): void
  /** Puts these batches in the place of all that is there. */
  rewrite(batches: Iterable<StoredBatch>, startOffset: number): void
  close(): void
  remove(): void
}
