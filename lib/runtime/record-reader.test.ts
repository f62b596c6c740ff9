import { describe, expect, test } from '@jest/globals'
import { toRecordHeaders } from '../core/headers.ts'
import type { Serde } from '../core/serde.ts'
import { serdes } from '../core/serde.ts'
import type { SourceNode } from '../topology/nodes.ts'
import { FixtureTask, FixtureTopology } from './task-fixture.ts'

function sourceOf(source: Partial<SourceNode>, maxFutureSkewMs?: number): FixtureTask {
  const topology = new FixtureTopology().source('in', source).sink('out', 'in').build()
  return new FixtureTask(topology, maxFutureSkewMs === undefined ? {} : { maxFutureSkewMs })
}

describe('event time', () => {
  test('is that of Kafka when nobody extracts one', async () => {
    const fixture = sourceOf({})
    await fixture.pipe('in', { timestamp: 7 })
    expect(fixture.collector.sent[0]?.timestamp).toBe(7)
  })

  test('is what the extractor says, who sees the record and the times so far (B4)', async () => {
    const seen: unknown[] = []
    const fixture = sourceOf({
      timestamp: (value, key, context) => {
        const { timestamp, partitionTime, streamTime, recordMetadata, timestampType } = context
        const trace = context.headers.text('trace')
        seen.push([value, key, timestamp, partitionTime, streamTime, trace])
        seen.push([recordMetadata, timestampType])
        return Number(value)
      },
    })
    await fixture.pipe(
      'in',
      { key: 'k', value: '20', timestamp: 1, headers: toRecordHeaders({ trace: 't' }) },
      { value: '10', timestamp: 2 },
    )
    expect(fixture.collector.sent.map(({ timestamp }) => timestamp)).toEqual([20, 10])
    expect(fixture.task.streamTime).toBe(20)
    expect(seen).toEqual([
      ['20', 'k', 1, -1, -1, 't'],
      [{ topic: 'in', partition: 0, offset: 0 }, 'CreateTime'],
      ['10', null, 2, 20, 20, undefined],
      [{ topic: 'in', partition: 0, offset: 1 }, 'CreateTime'],
    ])
  })

  test('may fall back to the time of the partition', async () => {
    const fixture = sourceOf({
      timestamp: (value, _key, { partitionTime }) =>
        Number(value) < 0 ? partitionTime : Number(value),
    })
    await fixture.pipe('in', { value: '20' }, { value: '-7' }, { value: '10' }, { value: '-7' })
    expect(fixture.collector.sent.map(({ timestamp }) => timestamp)).toEqual([20, 20, 10, 20])
  })

  test('may be as far ahead as the clock allows, and follows the clock', async () => {
    let now = 0
    const topology = new FixtureTopology().source('in').sink('out', 'in').build()
    const { systemClock } = await import('../core/clock.ts')
    const clock = { ...systemClock, now: () => now }
    const fixture = new FixtureTask(topology, { maxFutureSkewMs: 10, clock })
    await fixture.pipe('in', { timestamp: 10 })
    await expect(fixture.pipe('in', { timestamp: 11 })).rejects.toMatchObject({
      code: 'TIMESTAMP_TOO_FAR',
    })
    now = 1
    const later = new FixtureTask(topology, { maxFutureSkewMs: 10, clock })
    await later.pipe('in', { timestamp: 11 })
    expect(later.task.streamTime).toBe(11)
  })
})

describe('serdes', () => {
  test('see topic, part and headers', async () => {
    const seen: string[] = []
    const spy: Serde<string> = {
      ...serdes.string,
      deserialize(data, { topic, part, headers }) {
        seen.push(`${topic} ${part} ${headers.text('trace')}`)
        return data.toString()
      },
    }
    const fixture = sourceOf({ key: spy, value: spy })
    await fixture.pipe('in', { key: 'k', value: 'v', headers: toRecordHeaders({ trace: 't' }) })
    expect(seen).toEqual(['in key t', 'in value t'])
  })

  test('that have something to fetch hold back their partition until they have it', async () => {
    let fetched = false
    const preparing: Serde<string> = {
      ...serdes.string,
      prepare: () => {
        if (fetched) return undefined
        return Promise.resolve().then(() => {
          fetched = true
        })
      },
      deserialize: (data) => `${data} ${fetched}`,
    }
    const fixture = sourceOf({ value: preparing })
    fixture.add('in', { value: 'a' }, { value: 'b' })
    const waiting = fixture.task.processOne()
    expect(waiting).toBeInstanceOf(Promise)
    expect(fixture.collector.sent).toEqual([])
    await waiting
    await fixture.run()
    expect(fixture.collector.texts).toEqual(['out: null=a true@0', 'out: null=b true@0'])
  })

  test('that cannot fetch it fail the record', async () => {
    const preparing: Serde<string> = {
      ...serdes.string,
      prepare: () => Promise.reject(new RangeError('registry is away')),
    }
    const fixture = sourceOf({ value: preparing })
    await expect(fixture.pipe('in', { value: 'a' })).rejects.toMatchObject({
      code: 'DECODE_FAILED',
      message: expect.stringContaining('registry is away'),
    })
  })

  test('that are left out leave bytes', async () => {
    const topology = new FixtureTopology()
      .source('in', { key: undefined, value: undefined })
      .sink('out', 'in', { key: undefined, value: undefined })
      .build()
    const fixture = new FixtureTask(topology)
    await fixture.pipe('in', { key: Buffer.of(0xff), value: Buffer.of(0xfe) })
    expect(fixture.collector.sent[0]).toMatchObject({
      key: Buffer.of(0xff),
      value: Buffer.of(0xfe),
    })
  })
})
