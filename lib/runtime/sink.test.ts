import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS, toRecordHeaders } from '../core/headers.ts'
import { serdes } from '../core/serde.ts'
import { windowTail } from '../core/serdes/windowed.ts'
import type { WindowKind } from '../core/windows.ts'
import { windows } from '../core/windows.ts'
import type { SinkNode } from '../topology/nodes.ts'
import { DEFAULT_LIMITS } from './collector.ts'
import type { Given } from './task-fixture.ts'
import { FixtureTask, FixtureTopology } from './task-fixture.ts'

function sinkOf(options: Partial<SinkNode>): FixtureTask {
  return new FixtureTask(new FixtureTopology().source('in').sink('out', 'in', options).build())
}

function inPartitions(partitions: number, options: Partial<SinkNode> = {}): FixtureTask {
  const fixture = sinkOf(options)
  fixture.collector.partitions = partitions
  return fixture
}

/** What a record fails with. */
async function errorOf(fixture: FixtureTask, given: Given): Promise<unknown> {
  return await fixture.pipe('in', given).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a sink', () => {
  test('sends to the partition of Java’s murmur2', async () => {
    const fixture = inPartitions(100)
    await fixture.pipe('in', { key: 'user-42' }, { key: 'hello world' }, { key: '' })
    expect(fixture.collector.sent.map(({ partition }) => partition)).toEqual([60, 59, 81])
  })

  test.each([
    ['tumbling', windows.tumbling('1m')],
    ['session', { ...windows.tumbling('1m'), kind: 'session' as const }],
  ])('leaves the window out where the key’s tail is said: %s', async (_kind, of) => {
    const key = serdes.windowed<string, WindowKind>(serdes.string, of)
    const partitionsBy = async (keyTail: number): Promise<unknown[]> => {
      const built = new FixtureTopology()
        .source('in')
        .processor('window', 'in', (context) => ({
          process: (inner, value, timestamp, headers) => {
            for (const start of [0, 60_000]) {
              const windowed = { kind: of.kind, key: inner, start, end: start + 60_000 }
              context.forward(windowed, value, timestamp, headers)
            }
          },
        }))
        .sink('out', 'window', { key, keyTail })
        .build()
      const fixture = new FixtureTask(built)
      fixture.collector.partitions = 100
      await fixture.pipe('in', { key: 'user-42' }, { key: 'hello world' }, { key: '' })
      return fixture.collector.sent.map(({ partition }) => partition)
    }
    expect(await partitionsBy(windowTail(key))).toEqual([60, 60, 59, 59, 81, 81])
    expect(await partitionsBy(0)).not.toEqual([60, 60, 59, 59, 81, 81])
  })

  test('sends records without a key to all partitions in turn', async () => {
    const fixture = inPartitions(3)
    await fixture.pipe('in', {}, {}, {}, {})
    expect(fixture.collector.sent.map(({ partition }) => partition)).toEqual([0, 1, 2, 0])
  })

  test('asks its partitioner: one, several, none, or the key', async () => {
    const choices: readonly (number | readonly number[] | undefined)[] = [2, [0, 2], [], undefined]
    let call = 0
    const fixture = inPartitions(3, { partition: () => choices[call++] })
    await fixture.pipe('in', { key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'a' })
    expect(fixture.collector.sent.map(({ key, partition }) => `${key} ${partition}`)).toEqual([
      'a 2',
      'b 0',
      'b 2',
      'a 1',
    ])
  })

  test.each([3, -1, 1.5, Number.NaN])('refuses partition %p of 3', async (chosen) => {
    const fixture = inPartitions(3, { partition: () => chosen })
    expect(await errorOf(fixture, { key: 'a' })).toMatchObject({
      code: 'CALLBACK_FAILED',
      node: 'out',
      message: expect.stringContaining(`chose ${chosen} for topic 'out', which has 3 partitions`),
    })
    expect(fixture.collector.sent).toEqual([])
  })

  test('asks its callbacks for topic, headers and timestamp', async () => {
    const fixture = sinkOf({
      topic: (value) => `out-${value}`,
      headers: () => ({ made: 'here', twice: ['1', '2'] }),
      timestamp: (_value, _key, context) => context.timestamp + 1,
    })
    await fixture.pipe('in', { value: 'a', timestamp: 5, headers: toRecordHeaders({ old: '1' }) })
    const [sent] = fixture.collector.sent
    expect(sent).toMatchObject({ topic: 'out-a', timestamp: 6 })
    expect([...(sent?.headers ?? [])].map(([name, value]) => `${name}=${value}`)).toEqual([
      'made=here',
      'twice=1',
      'twice=2',
    ])
    expect(sent?.origin).toEqual({ topic: 'in', partition: 0, offset: 0 })
  })

  test('passes headers on when nobody says otherwise', async () => {
    const fixture = sinkOf({})
    const headers = toRecordHeaders({ trace: '1' })
    await fixture.pipe('in', { headers })
    expect(fixture.collector.sent[0]?.headers).toBe(headers)
  })

  test('names what it cannot encode, as a produce error', async () => {
    expect(await errorOf(sinkOf({ value: serdes.long }), { value: 'text' })).toMatchObject({
      code: 'ENCODE_FAILED',
      phase: 'produce',
      node: 'out',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
    })
    expect(await errorOf(sinkOf({ key: undefined }), { key: 'text' })).toMatchObject({
      code: 'ENCODE_FAILED',
      message: expect.stringContaining('has no serde'),
    })
  })

  test('does not take undefined for a tombstone', async () => {
    const built = new FixtureTopology()
      .source('in')
      .processor('p', 'in', (context) => ({
        process: (key) => context.forward(key, undefined, 0, EMPTY_HEADERS),
      }))
      .sink('out', 'p')
      .build()
    const fixture = new FixtureTask(built)
    expect(await errorOf(fixture, { key: 'k' })).toMatchObject({ code: 'ENCODE_FAILED' })
  })

  test('refuses what is larger than the topic takes', async () => {
    const value = 'x'.repeat(1_048_588)
    expect(await errorOf(sinkOf({}), { value })).toMatchObject({
      code: 'VALUE_TOO_LARGE',
      phase: 'produce',
      node: 'out',
      message: expect.stringContaining("topic 'out'"),
    })
    const headers = toRecordHeaders({ large: Buffer.alloc(1_048_588) })
    expect(await errorOf(sinkOf({}), { value: 'x', headers })).toMatchObject({
      code: 'VALUE_TOO_LARGE',
    })
  })

  test('refuses a timestamp that the topic does not take (B4)', async () => {
    const limited = (): FixtureTask => {
      const fixture = sinkOf({})
      const hour = 3_600_000
      fixture.collector.limits = {
        ...DEFAULT_LIMITS,
        timestampAfterMaxMs: hour,
        timestampBeforeMaxMs: hour,
      }
      return fixture
    }
    expect(await errorOf(limited(), { timestamp: 3_600_000 })).toBeUndefined()
    expect(await errorOf(limited(), { timestamp: 3_600_001 })).toMatchObject({
      code: 'TIMESTAMP_TOO_FAR',
      phase: 'produce',
      message: expect.stringContaining('message.timestamp.after.max.ms'),
    })
  })

  test('refuses it behind records whose timestamps were taken, too', async () => {
    const fixture = sinkOf({})
    fixture.collector.limits = { ...DEFAULT_LIMITS, timestampAfterMaxMs: 1000 }
    for (const timestamp of [1000, 1, 1000])
      expect(await errorOf(fixture, { timestamp })).toBeUndefined()
    expect(await errorOf(fixture, { timestamp: 1001 })).toMatchObject({ code: 'TIMESTAMP_TOO_FAR' })
    fixture.collector.limits = { ...DEFAULT_LIMITS, timestampAfterMaxMs: 500 }
    expect(await errorOf(fixture, { timestamp: 501 })).toMatchObject({ code: 'TIMESTAMP_TOO_FAR' })
  })

  test('refuses a negative timestamp that a callback made', async () => {
    expect(await errorOf(sinkOf({ timestamp: () => -1 }), {})).toMatchObject({
      code: 'INVALID_TIMESTAMP',
      phase: 'produce',
    })
  })

  test('sends nothing of a multicast that fails', async () => {
    const fixture = inPartitions(2, { partition: () => [0, 7] })
    expect(await errorOf(fixture, { key: 'a' })).toBeDefined()
    expect(fixture.collector.sent).toEqual([])
  })
})
