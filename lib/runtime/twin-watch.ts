/**
 * Two living starts of one process id: a state directory that was copied, or is shared.
 *
 * The other one may merely be dead and not yet missed by the group, so it is waited for as long as
 * that can take before the younger, this one, gives up.
 */
import type { Clock } from '../core/clock.ts'
import { FatalError } from '../core/errors.ts'
import type { AssignmentError } from './assignment.ts'

/** Sessions: one to notice that a process died, one for the rebalance behind it. */
const PATIENCE = 2

export class TwinWatch {
  readonly #clock: Clock
  readonly #sessionTimeoutMs: number
  #since: number | undefined
  #next = Number.POSITIVE_INFINITY

  constructor(clock: Clock, sessionTimeoutMs: number) {
    this.#clock = clock
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  /** Time to join again and see whether the twin is gone. */
  get due(): boolean {
    return this.#clock.monotonic() >= this.#next
  }

  /** What the last assignment said. Throws PROCESS_ID_IN_USE. */
  note(error: AssignmentError): void {
    if (error !== 'process-id-in-use') {
      this.#since = undefined
      this.#next = Number.POSITIVE_INFINITY
      return
    }
    const now = this.#clock.monotonic()
    this.#since ??= now
    this.#next = now + this.#sessionTimeoutMs
    if (now - this.#since < PATIENCE * this.#sessionTimeoutMs) return
    throw new FatalError(
      'PROCESS_ID_IN_USE',
      'another living instance has the process id of this state directory: it is a copy, or two containers share it. Give each instance a state directory of its own, and delete process.json in a copy',
    )
  }
}
