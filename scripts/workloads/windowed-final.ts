/** Counts per key and window, told once when closed, with records that are late by design. */
import { StreamsBuilder, serdes, windows } from 'millrace'
import type { InputRecord, Workload } from './workload.ts'
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
    // With records lost, counts are lower and others are late: the words of a set say nothing then.
    if (guarantee === 'at-most-once') return []
    const found = output.map(({ key, value }) => {
      const at = key.length - 8
      return `${key.subarray(0, at)}@${key.readBigInt64BE(at)}=${value?.readBigInt64BE(0)}`
    })
    return compareAsSets(oracle(input, partitionOf), found, guarantee)
  },
}
