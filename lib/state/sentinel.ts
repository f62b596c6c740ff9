/**
 * The reserved rows of a task's database, under store number 0 (FORMATS.md): JSON and a CRC-32C.
 *
 * 1. `identity` is written once, when the database is made. `position` goes with every batch. Both
 *    hold the database's random id: either one missing means that LevelDB lost rows.
 * 2. What an identity cannot be given later (stores and topics that a deploy added) is in the
 *    position.
 */
import { crc32c } from '../core/crc32c.ts'
import { FatalError, TaskCorruptedError } from '../core/errors.ts'
import type { SegmentEntry } from './segments.ts'

export const STATE_FORMAT = 1

/** A store's number in the database, and what it was declared as. */
export interface StoreEntry {
  readonly name: string
  readonly number: number
  readonly kind: string
  readonly format: string
}

export type TopicId = readonly [topic: string, id: string]

export interface IdentityRow {
  readonly format: number
  readonly id: string
  readonly application: string
  readonly clusterId: string
  readonly task: string
  readonly topicIds: readonly TopicId[]
  readonly stores: readonly StoreEntry[]
}

export interface StorePosition {
  readonly name: string
  /** -1: it has no changelog. */
  readonly offset: number
  readonly leaderEpoch: number
  /** Key-value: all rows are of segment 0. */
  readonly segments: readonly SegmentEntry[]
}

export interface PositionRow {
  readonly id: string
  readonly stores: readonly StorePosition[]
  readonly inputs: readonly (readonly [topicPartition: string, offset: number])[]
  /** Wall-clock time at which the rows were last known to be all there were; null: never. */
  readonly completeAt: number | null
  readonly clean: boolean
  readonly bootId: string
  /** Not in the identity: added later. */
  readonly addedStores: readonly StoreEntry[]
  readonly addedTopicIds: readonly TopicId[]
}

export const IDENTITY_KEY: Buffer = Buffer.from('\0\0identity')
export const POSITION_KEY: Buffer = Buffer.from('\0\0position')

export function encodeSentinel(key: Buffer, row: IdentityRow | PositionRow): Buffer {
  const text = Buffer.from(JSON.stringify(row), 'utf8')
  const bytes = Buffer.allocUnsafe(text.length + 4)
  bytes.set(text, 0)
  bytes.writeUInt32BE(crc32c(text, 0, text.length, crc32c(key)), text.length)
  return bytes
}

/** The two rows, or undefined for an empty database. Throws STATE_DAMAGED, STATE_FOREIGN. */
export function decodeSentinel(
  task: string,
  identity: Buffer | undefined,
  position: Buffer | undefined,
  isEmpty: boolean,
): { readonly identity: IdentityRow; readonly position: PositionRow } | undefined {
  if (identity === undefined && position === undefined && isEmpty) return undefined
  if (identity === undefined) throw damaged(task, 'its identity row is missing')
  // Checked before anything else is believed: a newer version may have other fields.
  const identityRow = decode<IdentityRow>(task, IDENTITY_KEY, identity)
  if (identityRow.format > STATE_FORMAT)
    throw new FatalError(
      'STATE_FOREIGN',
      `the state of task ${task} was written by a newer version of millrace (format ${identityRow.format}, known up to ${STATE_FORMAT}): run that version, or delete the task's directory to restore it from its changelogs`,
    )
  if (position === undefined) throw damaged(task, 'its position row is missing')
  const positionRow = decode<PositionRow>(task, POSITION_KEY, position)
  if (identityRow.id !== positionRow.id)
    throw damaged(task, 'its identity and position rows are of two databases')
  return { identity: identityRow, position: positionRow }
}

export function damaged(task: string, what: string): TaskCorruptedError {
  return new TaskCorruptedError(
    'STATE_DAMAGED',
    `the state of task ${task} cannot be trusted: ${what}; it is rebuilt from the changelogs`,
  )
}

function decode<T>(task: string, key: Buffer, bytes: Buffer): T {
  const end = bytes.length - 4
  if (end < 0 || bytes.readUInt32BE(end) !== crc32c(bytes, 0, end, crc32c(key)))
    throw damaged(task, `its ${key.toString('latin1', 2)} row does not match its checksum`)
  // The checksum is ours, so is the shape.
  return JSON.parse(bytes.toString('utf8', 0, end)) as T
}
