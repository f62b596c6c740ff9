/** Names of task directories: task ids percent-encoded, so that any id is one file name. */
import { createHash } from 'node:crypto'

/** File systems take 255 bytes. */
const MAX_LENGTH = 240
const KEPT = /^[A-Za-z0-9_-]$/

/** Letters, digits, `_`, `-`, and `.` behind the first; all other bytes as `%XX`. */
export function folderOf(task: string): string {
  let name = ''
  for (const byte of Buffer.from(task, 'utf8')) {
    const char = String.fromCharCode(byte)
    const kept = KEPT.test(char) || (char === '.' && name !== '')
    name += kept ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  if (name.length <= MAX_LENGTH) return name
  // Too long to be decoded again: such a task is found by its id, not by looking around.
  return `%%${createHash('sha256').update(task).digest('hex')}`
}

/** The task of a directory; undefined: it is none of ours, or its id was too long. */
export function taskOf(folder: string): string | undefined {
  if (folder.startsWith('%%')) return undefined
  try {
    const task = decodeURIComponent(folder)
    return folderOf(task) === folder ? task : undefined
  } catch {
    return undefined
  }
}
