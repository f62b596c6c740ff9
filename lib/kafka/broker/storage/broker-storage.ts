/**
 * PORT: what a broker keeps across its restarts: the log of each partition, and small documents
 * (topics, committed offsets, groups, transactions), the last one of each key.
 */
import type { LogFile } from '../log/log-file.ts'

export type DocumentKind = 'cluster' | 'topic' | 'group' | 'offset' | 'transaction'

/** Anything that JSON can say. */
export type Document = Readonly<Record<string, unknown>>

export interface BrokerStorage {
  /** The documents of a kind as they were last put. */
  documents(kind: DocumentKind): Iterable<readonly [key: string, document: Document]>
  put(kind: DocumentKind, key: string, document: Document): void
  remove(kind: DocumentKind, key: string): void
  /** What a partition's file holds, whole batches only; undefined in memory. */
  openLog(topicId: string, partition: number): KeptLog | undefined
  close(): void
}

export interface KeptLog {
  readonly file: LogFile
  readonly batches: readonly Buffer[]
  readonly startOffset: number
}

/** Keeps nothing. */
export const memoryStorage: BrokerStorage = {
  documents: () => [],
  put: () => undefined,
  remove: () => undefined,
  openLog: () => undefined,
  close: () => undefined,
}
