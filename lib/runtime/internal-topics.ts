/**
 * Topics that the application owns: their kinds and settings.
 *
 * No internal topic ever deletes by time: `delete` would count the wall clock against the event time
 * of rows. What is done with is purged by DeleteRecords, which a `compact` topic refuses.
 */
import type { StoreSpec } from '../state/store-spec.ts'

const DAY_MS = 86_400_000
/** Java's Long.MAX_VALUE, as text: it does not fit a number. */
const UNLIMITED = '9223372036854775807'

/** Settings that brokers before 3.6 do not know; left out there. */
export const NEWER_SETTINGS: readonly string[] = [
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
]

export type InternalKind = 'repartition' | 'changelog' | 'windowed-changelog'

/** One topic to create when it is missing, and to verify when it is there. */
export interface InternalTopic {
  /** Whole, with the application's prefix. */
  readonly name: string
  readonly kind: InternalKind
  readonly subTopology: string
  readonly partitions: number
  readonly settings: ReadonlyMap<string, string>
}

/** What the topic is created with and must have. */
export function internalSettings(
  kind: InternalKind,
  own: Readonly<Record<string, string | number>> = {},
): ReadonlyMap<string, string> {
  const settings = new Map([
    ['cleanup.policy', policyOf(kind)],
    ['segment.bytes', '52428800'],
    ['message.timestamp.type', 'CreateTime'],
    ['message.timestamp.before.max.ms', UNLIMITED],
    ['message.timestamp.after.max.ms', UNLIMITED],
  ])
  if (kind !== 'repartition') settings.set('delete.retention.ms', String(7 * DAY_MS))
  if (kind !== 'changelog') settings.set('retention.ms', '-1').set('retention.bytes', '-1')
  for (const [name, value] of Object.entries(own)) settings.set(name, String(value))
  return settings
}

function policyOf(kind: InternalKind): string {
  if (kind === 'repartition') return 'delete'
  return kind === 'changelog' ? 'compact' : 'compact,delete'
}

/** Rows of all kinds but key-value leave by time: their changelogs are cut. */
export function changelogKind(store: Pick<StoreSpec, 'kind'>): InternalKind {
  return store.kind === 'key-value' ? 'changelog' : 'windowed-changelog'
}
