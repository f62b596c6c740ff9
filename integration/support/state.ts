/**
 * What an application's stores hold, twice: on the disks of its instances, read with LevelDB alone,
 * and in its changelogs, read by the JVM and reduced to the last value of each key. Both must be the
 * same. Knows the formats by themselves, not through the code that wrote them.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import type { CommittedRecord } from './kafka.ts'
import { committedRecords } from './kafka.ts'

/** Changelog key in hex → timestamp and value. */
type Rows = ReadonlyMap<string, string>

/** A store of a task, as one disk has it. */
interface StoreOnDisk {
  readonly store: string
  readonly kind: string
  readonly partition: number
  /** How far into its changelog it reaches. */
  readonly offset: number
  /** Rows of older windows may have left, on either side. */
  readonly oldestStart: number
  readonly rows: Rows
}

interface StoreEntry {
  readonly name: string
  readonly number: number
  readonly kind: string
}

interface Identity {
  readonly task: string
  readonly stores: readonly StoreEntry[]
}

interface Position {
  readonly stores: readonly {
    readonly name: string
    readonly offset: number
    readonly segments: readonly (readonly [segment: number, firstOffset: number, rows: number])[]
  }[]
  readonly addedStores: readonly StoreEntry[]
}

/** The shortest segment that a windowed store expires by; longer ones lose nothing in these tests. */
const SEGMENT_MS = 60_000
const WINDOWED = ['window', 'join-buffer']

/** What differs, in words; empty when the owners' rows and the changelogs' are the same. */
export async function compareStateWithChangelogs(
  stateDirs: readonly string[],
  applicationId: string,
  brokers: readonly string[],
): Promise<{ readonly rows: number; readonly wrong: readonly string[] }> {
  const found = await storesOnDisk(stateDirs.map((dir) => join(dir, applicationId)))
  const wrong: string[] = []
  let rows = 0
  for (const store of new Set(found.map((one) => one.store))) {
    const records = committedRecords(`${applicationId}-${store}-changelog`, brokers)
    const partitions = [...records, ...found.filter((one) => one.store === store)]
    for (const partition of new Set(partitions.map((one) => one.partition))) {
      const told = records.filter((record) => record.partition === partition)
      const here = found.filter((one) => one.store === store && one.partition === partition)
      wrong.push(...compareOwner(`${store}-changelog/${partition}`, here, told))
      rows += told.length
    }
  }
  return { rows, wrong }
}

/** Who reaches furthest had the task last. */
function compareOwner(
  name: string,
  copies: readonly StoreOnDisk[],
  records: readonly CommittedRecord[],
): string[] {
  const reached = Math.max(-1, ...copies.map(({ offset }) => offset))
  const end = (records.at(-1)?.offset ?? -1) + 1
  if (reached < end) return [`${name}: it ends at ${end}, and the state at ${reached}`]
  return copies
    .filter(({ offset }) => offset === reached)
    .flatMap((copy) => compareRows(name, copy, reduced(records, copy)))
}

function compareRows(name: string, { rows }: StoreOnDisk, told: Rows): string[] {
  const wrong: string[] = []
  for (const [key, row] of rows)
    if (told.get(key) !== row)
      wrong.push(`${name}: ${key} is ${row} on disk, ${told.get(key)} told`)
  for (const [key, row] of told)
    if (!rows.has(key)) wrong.push(`${name}: ${key} is told as ${row} and not on disk`)
  return wrong.slice(0, 10)
}

function reduced(records: readonly CommittedRecord[], { kind, oldestStart }: StoreOnDisk): Rows {
  const rows = new Map<string, string>()
  for (const { key, value, timestamp } of records) {
    if (WINDOWED.includes(kind) && Number(key.readBigInt64BE(key.length - 12)) < oldestStart)
      continue
    if (value === null) rows.delete(key.toString('hex'))
    else rows.set(key.toString('hex'), `${timestamp}:${value.toString('hex')}`)
  }
  return rows
}

async function storesOnDisk(folders: readonly string[]): Promise<readonly StoreOnDisk[]> {
  const found: StoreOnDisk[] = []
  for (const folder of folders.filter((one) => existsSync(one)))
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) found.push(...(await storesOfTask(join(folder, entry.name))))
  return found
}

async function storesOfTask(path: string): Promise<readonly StoreOnDisk[]> {
  const buffers = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
  const database = new Level<Buffer, Buffer>(path, { ...buffers, createIfMissing: false })
  await database.open()
  try {
    const rows = await database.iterator().all()
    const sentinel = <T>(name: string): T => {
      const row = rows.find(([key]) => key.equals(Buffer.from(`\0\0${name}`)))
      if (row === undefined) throw new Error(`${path} has no ${name}`)
      // A CRC is behind it.
      return JSON.parse(row[1].subarray(0, -4).toString()) as T
    }
    const { task, stores } = sentinel<Identity>('identity')
    const position = sentinel<Position>('position')
    const partition = Number(task.slice(task.lastIndexOf('_') + 1))
    return [...stores, ...position.addedStores].map(({ name, number, kind }) => {
      const { offset = -1, segments = [] } =
        position.stores.find((store) => store.name === name) ?? {}
      const oldestStart = Math.min(...segments.map(([segment]) => segment)) * SEGMENT_MS
      const own = rows.filter(([key]) => key.readUInt16BE(0) === number)
      const part = { store: name, kind, partition, offset, oldestStart }
      return { ...part, rows: rowsOf(own, kind, oldestStart) }
    })
  } finally {
    await database.close()
  }
}

function rowsOf(
  raw: readonly (readonly [Buffer, Buffer])[],
  kind: string,
  oldestStart: number,
): Rows {
  const rows = new Map<string, string>()
  for (const [wholeKey, row] of raw) {
    const key = changelogKeyOf(wholeKey.subarray(2), kind)
    if (WINDOWED.includes(kind) && Number(key.readBigInt64BE(key.length - 12)) < oldestStart)
      continue
    const value = row.subarray(8, -4).toString('hex')
    rows.set(key.toString('hex'), `${row.readBigInt64BE(0)}:${value}`)
  }
  return rows
}

/** On disk the time comes first, with its sign flipped; in the changelog the key does. */
function changelogKeyOf(key: Buffer, kind: string): Buffer {
  if (kind === 'key-value') return key
  if (kind === 'dedup') return key.subarray(8)
  const start = Buffer.from(key.subarray(0, 8))
  start.writeUInt8(start.readUInt8(0) ^ 0x80, 0)
  return Buffer.concat([key.subarray(8, -4), start, key.subarray(-4)])
}
