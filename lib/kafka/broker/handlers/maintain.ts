/** Retention and compaction when a partition is used, so that an idle broker needs no timer. */
import type { BrokerState } from '../broker-state.ts'
import type { Partition } from '../topics/topic.ts'

export function maintain({ clock, settings }: BrokerState, partition: Partition): void {
  const now = clock.now()
  if (now < partition.maintainAtMs) return
  partition.maintainAtMs = now + settings.maintenanceMs
  partition.log.maintain(now, partition.topic.config.limits)
}
