import { describe, expect, test } from '@jest/globals'
import type { RecordMetadata } from '../../core/record.ts'
import { Origins } from './origins.ts'

describe('the origins of a batch', () => {
  test('are told by index, over changes of the input and records that came of none', () => {
    const given: (RecordMetadata | undefined)[] = [
      undefined,
      { topic: 'a', partition: 0, offset: 2 ** 40 },
      { topic: 'a', partition: 0, offset: 3 },
      { topic: 'a', partition: 1, offset: 3 },
      undefined,
      undefined,
      { topic: 'b', partition: 1, offset: 0 },
      ...Array.from({ length: 600 }, (_, offset) => ({ topic: 'c', partition: 0, offset })),
    ]
    const origins = new Origins()
    given.forEach((origin, index) => {
      origins.add(index, origin)
    })
    expect(given.map((_, index) => origins.of(index))).toEqual(given)
  })

  test('are copied: their object may be filled anew', () => {
    const origins = new Origins()
    const origin = { topic: 'a', partition: 0, offset: 1 }
    origins.add(0, origin)
    Object.assign(origin, { topic: 'b', offset: 2 })
    origins.add(1, origin)
    expect([origins.of(0), origins.of(1)]).toEqual([
      { topic: 'a', partition: 0, offset: 1 },
      { topic: 'b', partition: 0, offset: 2 },
    ])
  })

  test('are forgotten at a reset', () => {
    const origins = new Origins()
    origins.add(0, { topic: 'a', partition: 0, offset: 1 })
    origins.reset()
    origins.add(0, undefined)
    expect(origins.of(0)).toBeUndefined()
  })
})
