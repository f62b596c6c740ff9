/** Records that cannot be read, under each policy: what the error says, and what is left of the record. */
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import type { SourceNode } from '../topology/nodes.ts'
import { all, DEAD, said, topology } from './policies-fixture.ts'
import { FixtureTask, FixtureTopology, type Given } from './task-fixture.ts'

/** Records that cannot be decoded or timed, and the code of each. */
const undecodable: readonly (readonly [
  name: string,
  code: string,
  given: Given,
  source: Partial<SourceNode>,
])[] = [
  ['bad JSON', 'DECODE_FAILED', { value: '{"a":' }, { value: serdes.json<object>() }],
  ['a JSON null', 'NULL_VALUE', { value: 'null' }, { value: serdes.json<object>() }],
  [
    'a large integer',
    'UNSAFE_INTEGER',
    { value: '{"id":9007199254740993}' },
    { value: serdes.json<object>() },
  ],
  ['bad UTF-8', 'DECODE_FAILED', { value: Buffer.of(0xc3, 0x28) }, {}],
  ['a short long', 'DECODE_FAILED', { key: 'abc' }, { key: serdes.long }],
  ['a null key', 'NULL_KEY', { key: null, value: 'v' }, { nullKey: false }],
  ['a tombstone', 'NULL_VALUE', { key: 'k', value: null }, { nullValue: false }],
  ['a negative timestamp', 'INVALID_TIMESTAMP', { value: 'v', timestamp: -1 }, {}],
  ['no number as time', 'INVALID_TIMESTAMP', { value: 'v' }, { timestamp: () => Number.NaN }],
  ['a broken millisecond', 'INVALID_TIMESTAMP', { value: 'v' }, { timestamp: () => 1.5 }],
  [
    'an extractor that throws',
    'CALLBACK_FAILED',
    { value: 'v' },
    {
      timestamp: () => {
        throw new RangeError('no time')
      },
    },
  ],
  ['a time too far ahead', 'TIMESTAMP_TOO_FAR', { value: 'v', timestamp: 3_600_001 }, {}],
]

describe.each(undecodable)('%s', (_name, code, given, source) => {
  const options = { maxFutureSkewMs: 3_600_000 }
  const good: Given = { key: '\0'.repeat(8), value: '"good"', timestamp: 7 }
  const passing: Partial<SourceNode> = { ...source, timestamp: undefined }

  test('fails with topic, partition and offset', async () => {
    const fixture = new FixtureTask(topology(source), options)
    await expect(fixture.pipe('in', given)).rejects.toMatchObject({
      code,
      phase: 'decode',
      node: 'in',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
      message: expect.stringMatching(/'in'.*in\/0 at offset 0/),
    })
  })

  test('is skipped and counted, and moves no time', async () => {
    const fixture = new FixtureTask(topology(source), { ...options, errors: { decode: 'skip' } })
    await fixture.pipe('in', given)
    expect(fixture.collector.sent).toEqual([])
    expect(fixture.dropped('decode')).toBe(1)
    expect(fixture.task.streamTime).toBe(-1)
    expect(fixture.task.positionOf('in')).toBe(1)
  })

  test('goes to the dead letters with its bytes, and the next one passes', async () => {
    const fixture = new FixtureTask(topology(passing), { ...options, errors: all(DEAD) })
    const failing = new FixtureTask(topology(source), { ...options, errors: all(DEAD) })
    await failing.pipe('in', given)
    const [letter] = failing.collector.sent
    expect(letter?.topic).toBe('dead')
    expect(letter?.value).toEqual(
      typeof given.value === 'string' ? Buffer.from(given.value) : (given.value ?? null),
    )
    expect(said(failing)).toMatchObject({
      code,
      phase: 'decode',
      node: 'in',
      task: 'in_0',
      topic: 'in',
      partition: '0',
      offset: '0',
      timestamp: String(given.timestamp ?? 0),
    })
    await fixture.pipe('in', good)
    expect(fixture.collector.sent.filter(({ topic }) => topic === 'out')).toHaveLength(2)
  })
})

describe('the policy of a source', () => {
  test('goes before that of the options, for decoding only', async () => {
    const fixture = new FixtureTask(topology({ decode: 'skip' }), { errors: all('fail') })
    await fixture.pipe('in', { value: Buffer.of(0xff) })
    expect(fixture.dropped('decode')).toBe(1)
    await expect(fixture.pipe('in', { value: 'bad' })).rejects.toMatchObject({ phase: 'process' })
  })
})

describe('keys and values at their edges', () => {
  test.each<[string, Given]>([
    ['an empty key', { key: '', value: 'v' }],
    ['an empty value', { key: 'k', value: '' }],
    ['a null key', { key: null, value: 'v' }],
    ['a key __proto__', { key: '__proto__', value: 'constructor' }],
    ['a value of a megabyte', { key: 'k', value: 'x'.repeat(1_000_000) }],
  ])('%s passes', async (_name, given) => {
    const built = new FixtureTopology().source('in').sink('out', 'in').build()
    const fixture = new FixtureTask(built)
    await fixture.pipe('in', given)
    const [sent] = fixture.collector.sent
    expect(sent?.key?.toString() ?? null).toBe(given.key)
    expect(sent?.value?.toString() ?? null).toBe(given.value)
  })

  test('a tombstone passes a sink as null', async () => {
    const built = new FixtureTopology().source('in').sink('out', 'in').build()
    const fixture = new FixtureTask(built)
    await fixture.pipe('in', { key: 'k', value: null })
    expect(fixture.collector.texts).toEqual(['out: k=null@0'])
  })
})
