/**
 * PORT: where an application keeps its state between lives: one byte store per task, and the process
 * id that its transactions go by. A directory on disk, or memory in tests and simulations.
 *
 * 1. One process at a time: opening what another one has throws ConfigError STATE_DIR_IN_USE.
 * 2. `bootId` is that of the machine now; state that was not closed cleanly under another is suspect.
 */
import type { ByteStore } from './byte-store.ts'

export interface StateDirectory {
  /** A UUID, the same in each life. */
  readonly processId: string
  readonly bootId: string
  /** Tasks whose state is here. */
  tasks(): readonly string[]
  /** Opens the task's byte store, made when it is not there. */
  open(task: string): Promise<ByteStore>
  /** Deletes the state of a task that is not open. */
  remove(task: string): Promise<void>
  /** Rejects when the directory is no longer ours: another process took it over. Does not settle else. */
  readonly lost: Promise<never>
  /** Gives the directory back. Byte stores are closed before. */
  close(): Promise<void>
}
