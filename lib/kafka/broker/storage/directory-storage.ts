/**
 * Keeps a broker in a folder: one file a partition, and one journal of documents, rewritten at open.
 * Writes are synchronous, so that what was acknowledged outlives the process; not the machine.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { ConfigError, messageOf } from '../../../core/errors.ts'
import { batchBytesAt, isSoundBatch } from '../log/batch-header.ts'
import type { LogFile } from '../log/log-file.ts'
import type { StoredBatch } from '../log/segments.ts'
import type { BrokerStorage, Document, DocumentKind, KeptLog } from './broker-storage.ts'

const JOURNAL = 'journal.jsonl'
/** Most of it is old by then: every transaction writes a few lines. */
const MAX_JOURNAL_BYTES = 16 * 1024 * 1024
/** The offset of a log's first record, in front of its batches. */
const START_BYTES = 8

/** Throws a ConfigError that names the folder when it cannot be read or written. */
export function openStorage(dir: string): BrokerStorage {
  try {
    mkdirSync(dir, { recursive: true })
    return new DirectoryStorage(dir)
  } catch (cause) {
    throw unusable(dir, cause)
  }
}

function unusable(dir: string, cause: unknown): ConfigError {
  return new ConfigError(
    'INVALID_OPTION',
    `the broker cannot use dir ${dir}: ${messageOf(cause)}; give it a folder of its own`,
    { cause },
  )
}

class DirectoryStorage implements BrokerStorage {
  readonly #dir: string
  readonly #documents = new Map<DocumentKind, Map<string, Document>>()
  #journal: number
  /** Written since it was last rewritten. */
  #bytes = 0

  constructor(dir: string) {
    this.#dir = dir
    const path = join(dir, JOURNAL)
    if (existsSync(path)) this.#replay(readFileSync(path, 'utf8'))
    this.#journal = this.#rewritten()
  }

  documents(kind: DocumentKind): Iterable<readonly [string, Document]> {
    return [...(this.#documents.get(kind) ?? [])]
  }

  put(kind: DocumentKind, key: string, document: Document): void {
    this.#mapOf(kind).set(key, document)
    this.#write(line(kind, key, document))
  }

  remove(kind: DocumentKind, key: string): void {
    if (this.#mapOf(kind).delete(key)) this.#write(line(kind, key, null))
  }

  openLog(topicId: string, partition: number): KeptLog {
    const path = join(this.#dir, `${topicId}-${partition}.log`)
    return existsSync(path) ? reopenLog(path) : makeLog(path)
  }

  close(): void {
    closeSync(this.#journal)
  }

  /** A last line that was cut by a crash is left out. */
  #replay(text: string): void {
    for (const one of text.split('\n').slice(0, -1)) {
      const [kind, key, document] = JSON.parse(one) as [DocumentKind, string, Document | null]
      if (document === null) this.#mapOf(kind).delete(key)
      else this.#mapOf(kind).set(key, document)
    }
  }

  #write(text: string): void {
    this.#bytes += writeSync(this.#journal, text)
    if (this.#bytes < MAX_JOURNAL_BYTES) return
    closeSync(this.#journal)
    this.#journal = this.#rewritten()
    this.#bytes = 0
  }

  /** One line a document, in a file that takes the place of the old one. */
  #rewritten(): number {
    const path = join(this.#dir, JOURNAL)
    const lines = [...this.#documents].flatMap(([kind, documents]) =>
      [...documents].map(([key, document]) => line(kind, key, document)),
    )
    writeFileSync(`${path}.new`, lines.join(''))
    renameSync(`${path}.new`, path)
    return openSync(path, 'a')
  }

  #mapOf(kind: DocumentKind): Map<string, Document> {
    let documents = this.#documents.get(kind)
    if (documents === undefined) {
      documents = new Map()
      this.#documents.set(kind, documents)
    }
    return documents
  }
}

function line(kind: DocumentKind, key: string, document: Document | null): string {
  return `${JSON.stringify([kind, key, document])}\n`
}

function makeLog(path: string): KeptLog {
  const file = openSync(path, 'wx')
  writeSync(file, startBytes(0))
  return { file: new DirectoryLog(path, file), batches: [], startOffset: 0 }
}

function reopenLog(path: string): KeptLog {
  const bytes = readFileSync(path)
  const batches: Buffer[] = []
  let at = START_BYTES
  for (
    let length = batchBytesAt(bytes, at);
    length !== undefined;
    length = batchBytesAt(bytes, at)
  ) {
    const batch = bytes.subarray(at, at + length)
    if (!isSoundBatch(batch)) break
    batches.push(batch)
    at += length
  }
  // What a crash cut is no part of the log: nobody was told that it was written.
  const file = openSync(path, 'r+')
  ftruncateSync(file, at)
  closeSync(file)
  return {
    file: new DirectoryLog(path, openSync(path, 'a')),
    batches,
    startOffset: bytes.length < START_BYTES ? 0 : Number(bytes.readBigInt64BE(0)),
  }
}

function startBytes(offset: number): Buffer {
  const bytes = Buffer.alloc(START_BYTES)
  bytes.writeBigInt64BE(BigInt(offset))
  return bytes
}

class DirectoryLog implements LogFile {
  readonly #path: string
  #file: number

  constructor(path: string, file: number) {
    this.#path = path
    this.#file = file
  }

  append(batch: Buffer): void {
    writeSync(this.#file, batch)
  }

  rewrite(batches: Iterable<StoredBatch>, startOffset: number): void {
    const kept = [...batches].map(({ bytes }) => bytes)
    writeFileSync(`${this.#path}.new`, Buffer.concat([startBytes(startOffset), ...kept]))
    renameSync(`${this.#path}.new`, this.#path)
    closeSync(this.#file)
    this.#file = openSync(this.#path, 'a')
  }

  close(): void {
    closeSync(this.#file)
  }

  remove(): void {
    closeSync(this.#file)
    rmSync(this.#path)
  }
}
