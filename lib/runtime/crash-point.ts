/**
 * The named points of a commit, in its order (steps 0 to 7), where a process may die.
 *
 * Simulations and crash tests stop an instance there; outside of tests nobody listens.
 */
export type CrashPoint =
  | 'emitted'
  | 'frozen'
  | 'produced'
  | 'offsets-sent'
  | 'end-sent'
  | 'committed'
  | 'pending'
  | 'written'
  | 'purged'

/** In the order in which a commit passes them. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  'emitted',
  'frozen',
  'produced',
  'offsets-sent',
  'end-sent',
  'committed',
  'pending',
  'written',
  'purged',
]

export interface Hooks {
  /** Throws, or returns a promise that never settles, to end the instance there. */
  readonly at: (point: CrashPoint) => void | Promise<void>
}

/** What an instance has outside of tests. */
export const NO_HOOKS: Hooks = { at: () => undefined }
