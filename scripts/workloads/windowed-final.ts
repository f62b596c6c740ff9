/** Counts per key and window, told once when closed, with records that are late by design. */
import { StreamsBuilder, serdes, windows } from 'millrace'
import type { InputRecord, OutputRecord, Workload } from './workload.ts'
import { compareAsSets } from './workload.ts'

const SIZE_MS = 1000
const GRACE_MS = 200
const START_MS = 1_000_000

/** Final counts as `key@start=count`, folded by partition, for lateness is a partition's own. */
function oracle(
  input: readonly InputRecord[],
  partitionOf: (key: string) => number,
): readonly string[] {
  const times = new Map<number, number>()
  const counts = new Map<string, { partition: number; end: number; count: number }>()
  for (const { key, timestamp } of input) {
    const partition = partitionOf(key)
    const time = Math.max(times.get(partition) ?? -1, timestamp)
    times.set(partition, time)
    const start = Math.floor(timestamp / SIZE_MS) * SIZE_MS
    const end = start + SIZE_MS
    if (end + GRACE_MS <= time) continue
    const name = `${key}@${start}`
    const row = counts.get(name) ?? { partition, end, count: 0 }
    row.count += 1
    counts.set(name, row)
  }
  return [...counts]
    .filter(([, { partition, end }]) => end + GRACE_MS <= (times.get(partition) ?? -1))
    .map(([name, { count }]) => `${name}=${count}`)
}

interface Final {
  readonly key: string
  readonly start: number
  readonly count: number
}

function finalOf({ key, value }: OutputRecord): Final {
  const at = key.length - 8
  return {
    key: key.toString('utf8', 0, at),
    start: Number(key.readBigInt64BE(at)),
    count: Number(value?.readBigInt64BE(0)),
  }
}

/**
 * With records lost, counts are lower and others are late. What is left: no window that nothing
 * belongs to, none before its time, none that counts more than there is. That a window was told is
 * lost with its span like all state, so another record may tell it again.
 */
function checkLossy(
  input: readonly InputRecord[],
  found: readonly Final[],
  partitionOf: (key: string) => number,
): readonly string[] {
  const times = new Map<number, number>()
  const most = new Map<string, number>()
  for (const { key, timestamp } of input) {
    const partition = partitionOf(key)
    times.set(partition, Math.max(times.get(partition) ?? -1, timestamp))
    const name = `${key}@${timestamp - (timestamp % SIZE_MS)}`
    most.set(name, (most.get(name) ?? 0) + 1)
  }
  const wrong: string[] = []
  for (const { key, start, count } of found) {
    const name = `${key}@${start}`
    const limit = most.get(name) ?? 0
    if (!(count >= 1 && count <= limit)) wrong.push(`counts ${count} of ${limit}: ${name}`)
    if (start + SIZE_MS + GRACE_MS > (times.get(partitionOf(key)) ?? -1))
      wrong.push(`early: ${name}`)
  }
  return wrong.slice(0, 10)
}

export const windowedFinal: Workload = {
  name: 'windowed-final',
  topology: (prefix = '') => {
    const builder = new StreamsBuilder()
    builder
      .stream(`${prefix}wf-in`, { key: serdes.string, value: serdes.string })
      .groupByKey()
      .windowedBy(windows.tumbling(SIZE_MS, { grace: GRACE_MS }))
      .count({ store: 'wf-counts' })
      .emit('final')
      .toStream()
      .to(`${prefix}wf-out`)
    return builder.build()
  },
  inputTopics: ['wf-in'],
  outputTopic: 'wf-out',
  input: (pick, count) =>
    Array.from({ length: count }, (_, at) => ({
      topic: 'wf-in',
      key: `key-${pick(7)}`,
      value: `${at}`,
      // Mostly forward, sometimes a little behind, sometimes too late.
      timestamp: START_MS + at * 40 - (pick(10) === 0 ? pick(3000) : pick(100)),
    })),
  check: (input, output, partitionOf, guarantee = 'exactly-once') => {
    const found = output.map(finalOf)
    if (guarantee === 'at-most-once') return checkLossy(input, found, partitionOf)
    const names = found.map(({ key, start, count }) => `${key}@${start}=${count}`)
    return compareAsSets(oracle(input, partitionOf), names, guarantee)
  },
}
