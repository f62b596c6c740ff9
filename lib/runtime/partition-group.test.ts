/** The cases are those of conformance/runtime_partition_group.json, run again by `npm run conformance`. */
import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordView } from '../core/record-view.ts'
import { PartitionGroup } from './partition-group.ts'
import type { Head } from './partition-queue.ts'
import { PartitionQueue } from './partition-queue.ts'

/** Records whose offset is their timestamp, as in the cases. */
function view(timestamps: readonly number[]): RecordView {
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

const reader = {
  read: (head: Head): void => {
    head.timestamp = head.view.timestamp(head.index)
  },
}

function group(maxTaskIdleMs = 0): PartitionGroup {
  return new PartitionGroup(
    ['p1', 'p2'].map((topic) => new PartitionQueue(topic, reader, 0)),
    maxTaskIdleMs,
  )
}

function add(to: PartitionGroup, topic: string, timestamps: readonly number[]): void {
  to.of(topic).add(view(timestamps), 0, (timestamps.at(-1) ?? 0) + 1)
}

function next(of: PartitionGroup): string {
  const queue = of.choose()
  if (queue === undefined) return 'none'
  const { timestamp } = queue.head
  const lateness = of.handOut(queue)
  queue.advance()
  return `${queue.topic} ${timestamp}, stream ${of.streamTime}, late ${lateness}`
}

function lag(of: PartitionGroup, topic: string, records: number): void {
  of.of(topic).setEnd({ position: 0, lastStableOffset: records })
}

describe('the next record', () => {
  test('is the oldest head, and time never goes back', () => {
    const both = group()
    add(both, 'p1', [1, 3, 5])
    add(both, 'p2', [2, 4, 6])
    expect(both.queued).toBe(6)
    expect(both.streamTime).toBe(-1)
    expect(next(both)).toBe('p1 1, stream 1, late 0')
    expect(next(both)).toBe('p2 2, stream 2, late 0')
    add(both, 'p1', [2, 4])
    expect(both.of('p1').size).toBe(4)
    expect(next(both)).toBe('p1 3, stream 3, late 0')
    expect(next(both)).toBe('p2 4, stream 4, late 0')
    expect(next(both)).toBe('p1 5, stream 5, late 0')
    expect(next(both)).toBe('p1 2, stream 5, late 3')
    expect(next(both)).toBe('p1 4, stream 5, late 1')
    expect(both.of('p1').partitionTime).toBe(5)
    expect(next(both)).toBe('p2 6, stream 6, late 0')
    expect(next(both)).toBe('none')
  })

  test('is chosen by heads, not by the times of partitions', () => {
    const both = group()
    add(both, 'p1', [1, 5, 3])
    expect([next(both), next(both)]).toEqual(['p1 1, stream 1, late 0', 'p1 5, stream 5, late 0'])
    add(both, 'p2', [2, 4, 6])
    expect([next(both), next(both)]).toEqual(['p2 2, stream 5, late 3', 'p1 3, stream 5, late 2'])
  })

  test('of equal timestamps is that of the partition listed first', () => {
    const both = group()
    add(both, 'p2', [1])
    add(both, 'p1', [1])
    expect([next(both), next(both)].map((text) => text.slice(0, 2))).toEqual(['p1', 'p2'])
  })

  test('waits while a head of unknown time is being prepared', async () => {
    let prepared = (): void => undefined
    const pending = new Promise<void>((resolve) => {
      prepared = resolve
    })
    const slow = new PartitionQueue(
      'slow',
      {
        read: (head) => {
          head.timestamp = 1
          return pending
        },
      },
      0,
    )
    const both = new PartitionGroup([slow, new PartitionQueue('fast', reader, 0)], 0)
    add(both, 'slow', [1])
    add(both, 'fast', [2])
    expect(next(both)).toBe('none')
    prepared()
    await both.preparing
    expect(next(both)).toBe('slow 1, stream 1, late 0')
    expect(next(both)).toBe('fast 2, stream 2, late 0')
  })
})

describe('stream time', () => {
  test('is restored as the highest of the partition times', () => {
    const both = group()
    both.of('p1').partitionTime = 100
    both.of('p2').partitionTime = 50
    both.recallTime()
    expect(both.streamTime).toBe(100)
  })
})

describe('a task', () => {
  test('that never waits is ready with any record', () => {
    const both = group(-1)
    add(both, 'p1', [1, 5])
    expect(both.ready(0)).toBe(true)
  })

  test('is ready when every partition has records', () => {
    const both = group()
    add(both, 'p1', [1, 5])
    add(both, 'p2', [1, 5])
    expect(both.ready(0)).toBe(true)
  })

  test('waits for a partition of which nothing is known yet', () => {
    const both = group()
    add(both, 'p1', [1, 5])
    expect(both.ready(0)).toBe(false)
    lag(both, 'p2', 0)
    expect(both.ready(0)).toBe(true)
  })

  test('waits for what is known to be there, however long', () => {
    const both = group()
    add(both, 'p1', [1, 5])
    lag(both, 'p2', 1)
    expect(both.ready(0)).toBe(false)
    expect(both.ready(1_000_000)).toBe(false)
  })

  test('waits at the end of a partition as long as it was told to', () => {
    const both = group(1)
    lag(both, 'p1', 0)
    lag(both, 'p2', 0)
    add(both, 'p1', [1, 5])
    expect(both.ready(0)).toBe(false)
    expect(both.ready(1)).toBe(true)
    expect(both.ready(2)).toBe(true)
  })

  test('with nothing queued is not ready', () => {
    const both = group()
    lag(both, 'p1', 0)
    lag(both, 'p2', 0)
    expect(both.ready(10)).toBe(false)
  })
})

describe('the position that commits', () => {
  test('is the first record not finished, then what lies behind the batch', () => {
    const queue = new PartitionQueue('p1', reader, 7)
    expect(queue.position).toBe(7)
    queue.add(view([10, 11]), 0, 14)
    expect(queue.position).toBe(10)
    queue.advance()
    expect(queue.position).toBe(11)
    queue.advance()
    expect(queue.position).toBe(14)
  })

  test('passes markers only when nothing is queued', () => {
    const queue = new PartitionQueue('p1', reader, 0)
    queue.add(view([]), 0, 3)
    expect(queue.position).toBe(3)
    queue.add(view([5]), 0, 6)
    queue.setEnd({ position: 9, lastStableOffset: 9 })
    expect(queue.position).toBe(5)
    queue.advance()
    queue.setEnd({ position: 9, lastStableOffset: 9 })
    expect(queue.position).toBe(9)
  })

  test('begins anew after a reset, and late preparations change nothing', async () => {
    let prepared = (): void => undefined
    const pending = new Promise<void>((resolve) => {
      prepared = resolve
    })
    const queue = new PartitionQueue('p1', { read: () => pending }, 0)
    queue.add(view([1]), 0, 2)
    expect(queue.ensureHead()).toBe(false)
    const waited = queue.preparing
    queue.reset(4, 100)
    prepared()
    await waited
    expect(queue.ensureHead()).toBe(false)
    expect([queue.size, queue.position, queue.partitionTime]).toEqual([0, 4, 100])
  })
})
