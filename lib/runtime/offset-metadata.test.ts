import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ProcessorNode, SourceNode, SubTopology } from '../topology/nodes.ts'
import type { OffsetMetadata } from './offset-metadata.ts'
import {
  checkOffsetMetadata,
  decodeOffsetMetadata,
  encodeOffsetMetadata,
  NO_METADATA,
  worstCaseLength,
} from './offset-metadata.ts'

/** One source, and a processor with these numbers. */
function subTopology(numbers: readonly string[]): SubTopology {
  const source: SourceNode = {
    kind: 'source',
    name: 'clicks',
    topics: ['clicks'],
    internal: false,
    key: undefined,
    value: undefined,
    nullKey: true,
    nullValue: true,
    timestamp: undefined,
    start: undefined,
    decode: undefined,
  }
  const processor: ProcessorNode = {
    kind: 'processor',
    name: 'alarms',
    parents: ['clicks'],
    supplier: () => ({ process: () => undefined }),
    stores: [],
    numbers,
    addressed: false,
    mayBeAsync: false,
  }
  return {
    id: 'clicks',
    sources: [source],
    nodes: [source, processor],
    stores: [],
    copartitions: [],
  }
}

function metadata(of: Partial<OffsetMetadata>): OffsetMetadata {
  return { ...NO_METADATA, ...of }
}

describe('offset metadata', () => {
  test('has the bytes of Kafka Streams', () => {
    expect(encodeOffsetMetadata(metadata({ partitionTime: 1234 }))).toBe('AgAAAAAAAATS')
    const store = metadata({ partitionTime: 1234, numbers: new Map([['store', 99]]) })
    expect(encodeOffsetMetadata(store)).toBe('AgAAAAAAAATSAAAAAQAAAAVzdG9yZQAAAAAAAABj')
    expect(decodeOffsetMetadata('AgAAAAAAAATSAAAAAQAAAAVzdG9yZQAAAAAAAABj')).toEqual(store)
  })

  test('comes back as it was written', () => {
    const integer = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('id:'))
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
    const map = <V>(value: fc.Arbitrary<V>) =>
      fc.array(fc.tuple(name, value), { maxLength: 5 }).map((entries) => new Map(entries))
    const all = fc.record({
      partitionTime: integer,
      numbers: map(integer),
      topicIds: map(bytes(8)),
      bytes: map(bytes(3)),
    })
    fc.assert(
      fc.property(all, (written) => {
        expect(decodeOffsetMetadata(encodeOffsetMetadata(written))).toEqual(written)
      }),
    )
  })

  test('that is empty, cut, foreign or of another version reads as no time known', () => {
    const text = encodeOffsetMetadata(
      metadata({ partitionTime: 1, numbers: new Map([['t:count', 7]]) }),
    )
    expect(decodeOffsetMetadata('')).toBeUndefined()
    expect(decodeOffsetMetadata('committed by hand')).toBeUndefined()
    expect(decodeOffsetMetadata(text.slice(0, -4))).toBeUndefined()
    expect(decodeOffsetMetadata(`Aw${text.slice(2)}`)).toBeUndefined()
  })

  test('with a hostile length reads as no time known', () => {
    const bytes = Buffer.from('AgAAAAAAAATSAAAAAQAAAAVzdG9yZQAAAAAAAABj', 'base64')
    bytes.writeInt32BE(0x7fffffff, 13)
    expect(decodeOffsetMetadata(bytes.toString('base64'))).toBeUndefined()
    bytes.writeInt32BE(-1, 13)
    expect(decodeOffsetMetadata(bytes.toString('base64'))).toBeUndefined()
  })

  test('never grows beyond the worst case that was checked', () => {
    const written = metadata({
      partitionTime: Number.MAX_SAFE_INTEGER,
      numbers: new Map([['t:größe', Number.MIN_SAFE_INTEGER]]),
      topicIds: new Map([['clicks', Buffer.alloc(8, 0xff)]]),
    })
    expect(encodeOffsetMetadata(written).length).toBeLessThanOrEqual(
      worstCaseLength(['t:größe'], ['clicks']),
    )
  })

  test('that could pass the limit is refused with the name of the sub-topology', () => {
    const numbers = Array.from({ length: 100 }, (_, at) => `u:number-${at}`)
    expect(() => checkOffsetMetadata(subTopology(numbers), 'app')).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining("'clicks'"),
      }),
    )
    expect(() => checkOffsetMetadata(subTopology(numbers.slice(0, 10)), 'app')).not.toThrow()
  })
})
