/** Which version of a request both sides speak. */
import { ConfigError } from '../../core/errors.ts'
import type { NodeVersions } from '../transport.ts'

/** What is looked at of a message table. */
export interface Negotiable {
  readonly name: string
  readonly key: number
  /** What our tables describe. */
  readonly min: number
  readonly max: number
}

export interface VersionLimits {
  /** The request needs what this version brought. */
  readonly minVersion?: number
  /** The request would mean something else from here on. */
  readonly maxVersion?: number
}

/**
 * The highest version within the limits that the node speaks. Throws ConfigError `CLUSTER_TOO_OLD`
 * when there is none: an unsupported request would close the connection and reject its neighbours.
 */
export function negotiate(api: Negotiable, node: NodeVersions, limits: VersionLimits): number {
  const theirs = node.apis.get(api.key)
  const lowest = Math.max(api.min, limits.minVersion ?? 0, theirs?.min ?? 0)
  const highest = Math.min(api.max, limits.maxVersion ?? Infinity, theirs?.max ?? -1)
  if (highest >= lowest) return highest
  const needed = Math.max(api.min, limits.minVersion ?? 0)
  const spoken =
    theirs === undefined ? 'does not know it' : `speaks versions ${theirs.min} to ${theirs.max}`
  throw new ConfigError(
    'CLUSTER_TOO_OLD',
    `millrace needs ${api.name} in version ${needed}, and a broker ${spoken}: exactly-once needs Kafka 2.5 or newer`,
  )
}

/** Whether the node speaks a version of the request that is at least this one. */
export function speaks(node: NodeVersions, api: Negotiable, version: number): boolean {
  const theirs = node.apis.get(api.key)
  return theirs !== undefined && theirs.max >= version && theirs.min <= api.max
}
