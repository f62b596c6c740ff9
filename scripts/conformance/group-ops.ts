/** Cases of the runtime's partition group: whose record is next, how far time is, who waits. */
import { isDeepStrictEqual } from 'node:util'
import { EMPTY_HEADERS } from '../../lib/core/headers.ts'
import type { RecordView } from '../../lib/core/record-view.ts'
import { PartitionGroup } from '../../lib/runtime/partition-group.ts'
import type { Head } from '../../lib/runtime/partition-queue.ts'
import { PartitionQueue } from '../../lib/runtime/partition-queue.ts'
import type { GroupCase, GroupOperation, GroupState, Outcome } from './cases.ts'

const PARTITION = /^p\d+$/

export function runGroupCase(of: GroupCase): Outcome {
  const group = groupOf(of)
  for (const [at, operation] of of.ops.entries()) {
    const why = apply(group, operation)
    if (why !== undefined) return { result: 'failed', why: `operation ${at}: ${why}` }
  }
  return { result: 'passed' }
}

function groupOf(of: GroupCase): PartitionGroup {
  const names = new Set(
    JSON.stringify(of.ops)
      .match(/"p\d+"/g)
      ?.map((name) => name.slice(1, -1)),
  )
  // The cases are of two partitions, though some name one only.
  for (const name of ['p1', 'p2']) names.add(name)
  const queues = [...names].sort().map((name) => new PartitionQueue(name, { read }, 0))
  return new PartitionGroup(queues, of.max_task_idle_ms ?? 0)
}

function read(head: Head): void {
  head.timestamp = head.view.timestamp(head.index)
}

function apply(group: PartitionGroup, operation: GroupOperation): string | undefined {
  const { add, ts = [], setPartitionTime, set_lag: lag, ready_at: now } = operation
  if (add !== undefined) group.of(add).add(viewOf(ts), 0, (ts.at(-1) ?? 0) + 1)
  if (setPartitionTime !== undefined) {
    group.of(setPartitionTime[0]).partitionTime = setPartitionTime[1]
    group.recallTime()
  }
  if (lag !== undefined) group.of(lag[0]).setEnd({ position: 0, lastStableOffset: lag[1] })
  if (now !== undefined) {
    const ready = group.ready(now)
    return ready === operation.expected ? undefined : `ready at ${now} is ${ready}`
  }
  const next = operation.next === undefined ? {} : handOut(group)
  return differs(group, operation.next ?? operation.expect ?? {}, next)
}

function handOut(group: PartitionGroup): GroupState {
  const queue = group.choose()
  if (queue === undefined) return {}
  const { timestamp: ts } = queue.head
  const lateness = group.handOut(queue)
  queue.advance()
  return { partition: queue.topic, ts, lateness }
}

function differs(
  group: PartitionGroup,
  expected: GroupState,
  next: GroupState,
): string | undefined {
  const times: Record<string, number> = {}
  const heads: Record<string, number | null> = {}
  const sizes: Record<string, number> = {}
  for (const queue of group.queues) {
    times[queue.topic] = queue.partitionTime
    heads[queue.topic] = queue.ensureHead() ? queue.head.offset : null
    sizes[queue.topic] = queue.size
  }
  const actual: Record<string, unknown> = {
    streamTime: group.streamTime,
    buffered: group.queued,
    partitionTime: times,
    head: heads,
    ...sizes,
    ...next,
  }
  for (const [name, wanted] of Object.entries(expected)) {
    const is = actual[name]
    const same = PARTITION.test(name) || name === 'ts' ? is === wanted : covers(is, wanted)
    if (!same) return `${name} is ${JSON.stringify(is)}, expected ${JSON.stringify(wanted)}`
  }
  return undefined
}

/** Of a map only what is asked for. */
function covers(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return isDeepStrictEqual(actual, wanted)
  const all = new Map(Object.entries(actual ?? {}))
  return Object.entries(wanted).every(([name, value]) => isDeepStrictEqual(all.get(name), value))
}

/** Offsets are timestamps. */
function viewOf(timestamps: readonly number[]): RecordView {
  return {
    count: timestamps.length,
    timestampType: 'CreateTime',
    offset: (index) => timestamps[index] ?? -1,
    timestamp: (index) => timestamps[index] ?? -1,
    key: () => null,
    value: () => null,
    headers: () => EMPTY_HEADERS,
  }
}
