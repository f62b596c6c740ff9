/**
 * Whose a state directory is (DESIGN §6.10), as pure rules over the owner file and the host.
 *
 * A process of our own machine and PID namespace is looked up: alive is alive, gone is gone. One that
 * cannot be looked up (another container, host or boot) is alive until its file has not been renewed
 * for ten seconds: a container that was killed comes back on its volume.
 */

import { ConfigError } from '../core/errors.ts'

export const RENEWAL_MS = 2000
const FOREIGN_ALIVE_MS = 10_000

/** What `owner.json` holds. */
export interface Owner {
  readonly pid: number
  readonly pidNamespace: string
  readonly bootId: string
  /** Of the process, in the words of its host: a pid alone may be somebody else's by now. */
  readonly startTime: string
  /** Wall-clock milliseconds. */
  readonly renewedAt: number
}

/** What is known of the machine and of processes on it. */
export interface Host {
  readonly pid: number
  readonly pidNamespace: string
  readonly bootId: string
  /** Undefined: there is no such process. */
  startTimeOf(pid: number): string | undefined
}

/** `'free'`: take it. `'taken'`: its owner lives. Else: wait so long, and look whether it changed. */
export type Claim = 'free' | 'taken' | { readonly waitMs: number }

export function claim(owner: Owner | undefined, host: Host, now: number): Claim {
  if (owner === undefined) return 'free'
  if (owner.bootId === host.bootId && owner.pidNamespace === host.pidNamespace)
    return host.startTimeOf(owner.pid) === owner.startTime ? 'taken' : 'free'
  // A clock that is behind the owner's must not make it live for ever.
  const age = Math.max(0, now - owner.renewedAt)
  return age >= FOREIGN_ALIVE_MS ? 'free' : { waitMs: FOREIGN_ALIVE_MS - age }
}

export function ownerOf(host: Host, now: number): Owner {
  const { pid, pidNamespace, bootId } = host
  return { pid, pidNamespace, bootId, startTime: host.startTimeOf(pid) ?? '', renewedAt: now }
}

/** Whether both are the same process; the time of renewal aside. */
export function isSameOwner(one: Owner | undefined, other: Owner): boolean {
  return (
    one !== undefined &&
    one.pid === other.pid &&
    one.pidNamespace === other.pidNamespace &&
    one.bootId === other.bootId &&
    one.startTime === other.startTime
  )
}

/** Undefined for what is not an owner file. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, pidNamespace, bootId, startTime, renewedAt } = JSON.parse(text) as Partial<Owner>
    if (typeof pid !== 'number' || typeof renewedAt !== 'number') return undefined
    if (typeof pidNamespace !== 'string' || typeof bootId !== 'string') return undefined
    return { pid, pidNamespace, bootId, startTime: String(startTime), renewedAt }
  } catch {
    return undefined
  }
}

/** `who` has the directory. */
export function inUse(root: string, who: string): ConfigError {
  return new ConfigError(
    'STATE_DIR_IN_USE',
    `the state directory ${root} is in use by ${who}: stop that one, or give this instance a stateDir of its own`,
  )
}
