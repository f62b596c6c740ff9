/**
 * What the leader gives each member, as bytes (FORMATS, assignment version 1): its tasks, and the
 * topics on which the leader planned them, so that all members agree on their partition counts.
 */
import { ByteReader, ByteWriter } from './byte-cursor.ts'
import type { TaskRef } from './user-data.ts'

const VERSION = 1

/** Why a member got no tasks. */
export type AssignmentError = 'none' | 'other-topology' | 'process-id-in-use'

const ERRORS: readonly AssignmentError[] = ['none', 'other-topology', 'process-id-in-use']

export interface AssignedTopic {
  readonly topic: string
  readonly partitions: number
}

export interface Assignment {
  readonly error: AssignmentError
  readonly active: readonly TaskRef[]
  readonly standby: readonly TaskRef[]
  /** Source topics as the leader saw them; a pattern's as it matched. */
  readonly topics: readonly AssignedTopic[]
  /** By member id, for queries. */
  readonly endpoints: readonly { readonly memberId: string; readonly endpoint: string }[]
  /**
   * Ranks of sub-topologies that nobody has committed anything of: only there is a start position
   * (`latest`, a time) resolved; what is found later begins at its earliest record.
   */
  readonly fresh: readonly number[]
}

export function encodeAssignment(assignment: Assignment): Buffer {
  const writer = new ByteWriter()
  writer.byte(VERSION)
  writer.byte(ERRORS.indexOf(assignment.error))
  writeTasks(writer, assignment.active)
  writeTasks(writer, assignment.standby)
  writer.varint(assignment.topics.length)
  for (const { topic, partitions } of assignment.topics) {
    writer.text16(topic)
    writer.varint(partitions)
  }
  writer.varint(assignment.endpoints.length)
  for (const { memberId, endpoint } of assignment.endpoints) {
    writer.text16(memberId)
    writer.text16(endpoint)
  }
  writer.varint(assignment.fresh.length)
  for (const rank of assignment.fresh) writer.varint(rank)
  return writer.finish()
}

/** `undefined` for another version and for anything cut or damaged. */
export function decodeAssignment(bytes: Buffer): Assignment | undefined {
  const reader = new ByteReader(bytes)
  try {
    if (reader.byte() !== VERSION) return undefined
    const error = ERRORS[reader.byte()]
    if (error === undefined) return undefined
    const active = readTasks(reader)
    const standby = readTasks(reader)
    const topics: AssignedTopic[] = []
    for (let left = reader.varint(); left > 0; left--)
      topics.push({ topic: reader.text16(), partitions: reader.varint() })
    const endpoints: { memberId: string; endpoint: string }[] = []
    for (let left = reader.varint(); left > 0; left--)
      endpoints.push({ memberId: reader.text16(), endpoint: reader.text16() })
    const fresh: number[] = []
    for (let left = reader.varint(); left > 0; left--) fresh.push(reader.varint())
    return { error, active, standby, topics, endpoints, fresh }
  } catch {
    return undefined
  }
}

function writeTasks(writer: ByteWriter, tasks: readonly TaskRef[]): void {
  writer.varint(tasks.length)
  for (const { rank, partition } of tasks) {
    writer.varint(rank)
    writer.varint(partition)
  }
}

function readTasks(reader: ByteReader): TaskRef[] {
  const tasks: TaskRef[] = []
  for (let left = reader.varint(); left > 0; left--)
    tasks.push({ rank: reader.varint(), partition: reader.varint() })
  return tasks
}
