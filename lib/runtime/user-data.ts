/**
 * What each member tells the group's leader, as bytes (FORMATS, userData version 1): who it is, which
 * topology it runs, and whose state lies on its disk.
 *
 * Tasks are ranks in the sorted sub-topology ids, so they mean something only under one fingerprint.
 * What cannot be read is `undefined`: a newer version may be in the group during a deploy.
 */
import { ByteReader, ByteWriter } from './byte-cursor.ts'

const VERSION = 1
const ID_BYTES = 16
const FINGERPRINT_BYTES = 8
/** Offset sum of a task that the member is running now. */
export const ACTIVE = -2

/** A task on the wire. */
export interface TaskRef {
  /** Of its sub-topology, in the sorted ids of the topology. */
  readonly rank: number
  readonly partition: number
}

export interface OwnedTask extends TaskRef {
  /** Sum of its stores' changelog offsets; {@link ACTIVE}: it runs here. */
  readonly offsetSum: number
}

export interface UserData {
  /** 16 bytes; outlives the process. */
  readonly processId: Buffer
  /** 16 bytes, random for each start. */
  readonly startId: Buffer
  /** 8 bytes. */
  readonly fingerprint: Buffer
  /** Where queries reach it; empty when nowhere. */
  readonly endpoint: string
  readonly tasks: readonly OwnedTask[]
}

export function encodeUserData(data: UserData): Buffer {
  const writer = new ByteWriter()
  writer.byte(VERSION)
  writer.byte(0)
  writer.raw(data.processId)
  writer.raw(data.startId)
  writer.raw(data.fingerprint)
  writer.text16(data.endpoint)
  writer.varint(data.tasks.length)
  for (const task of data.tasks) {
    writer.varint(task.rank)
    writer.varint(task.partition)
    writer.zigzag(task.offsetSum)
  }
  return writer.finish()
}

/** `undefined` for another version and for anything cut or damaged. */
export function decodeUserData(bytes: Buffer): UserData | undefined {
  const reader = new ByteReader(bytes)
  try {
    if (reader.byte() !== VERSION) return undefined
    reader.byte()
    const processId = reader.raw(ID_BYTES)
    const startId = reader.raw(ID_BYTES)
    const fingerprint = reader.raw(FINGERPRINT_BYTES)
    const endpoint = reader.text16()
    const tasks: OwnedTask[] = []
    for (let left = reader.varint(); left > 0; left--)
      tasks.push({
        rank: reader.varint(),
        partition: reader.varint(),
        offsetSum: reader.zigzag(),
      })
    return { processId, startId, fingerprint, endpoint, tasks }
  } catch {
    return undefined
  }
}
