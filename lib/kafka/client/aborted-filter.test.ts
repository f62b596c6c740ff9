import { describe, expect, test } from '@jest/globals'
import type { BatchHead } from './aborted-filter.ts'
import { AbortedFilter } from './aborted-filter.ts'

const data = (producerId: number, lastOffset: number): BatchHead => ({
  lastOffset,
  producerId,
  isTransactional: true,
  isControl: false,
  isAbortMarker: false,
})
const marker = (producerId: number, lastOffset: number, isAbortMarker: boolean): BatchHead => ({
  lastOffset,
  producerId,
  isTransactional: true,
  isControl: true,
  isAbortMarker,
})
const seen = (filter: AbortedFilter, log: readonly BatchHead[]): number[] =>
  log.filter((batch) => filter.admits(batch)).map((batch) => batch.lastOffset)

describe('what a reader of committed records sees', () => {
  test('tells interleaved transactions apart, though the list is in order of completion', () => {
    const filter = new AbortedFilter([
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 0 },
      { producerId: 1, firstOffset: 7 },
    ])
    const log = [
      data(1, 0),
      data(2, 1),
      data(3, 2),
      marker(2, 3, true),
      data(2, 4),
      marker(1, 5, true),
      data(1, 6),
      data(1, 7),
      marker(1, 8, true),
      data(1, 9),
    ]
    // Offset 6 lies in front of the second aborted transaction of producer 1.
    expect(seen(filter, log)).toEqual([2, 4, 6, 9])
  })

  test('is not misled by transactions that begin behind the answer', () => {
    const filter = new AbortedFilter([{ producerId: 1, firstOffset: 50 }])
    expect(seen(filter, [data(1, 0), marker(1, 1, false), data(1, 2)])).toEqual([0, 2])
  })

  test('never ends an aborted transaction at a commit marker', () => {
    const filter = new AbortedFilter([{ producerId: 1, firstOffset: 0 }])
    expect(seen(filter, [data(1, 0), marker(1, 1, false), data(1, 2)])).toEqual([])
  })

  test('hands out records outside of transactions whatever their producer', () => {
    const filter = new AbortedFilter([{ producerId: 1, firstOffset: 0 }])
    expect(seen(filter, [{ ...data(1, 0), isTransactional: false }])).toEqual([0])
  })

  test('drops a batch whose last offset reaches into an aborted transaction', () => {
    // Compaction moves no offsets: the aborted transaction begins inside the batch's range.
    const filter = new AbortedFilter([{ producerId: 1, firstOffset: 3 }])
    expect(seen(filter, [data(1, 5), marker(1, 6, true)])).toEqual([])
  })
})
