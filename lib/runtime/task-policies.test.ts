/** Records that fail, under each policy: what the error says, and what is left of the record. */
import { describe, expect, test } from '@jest/globals'
import type { ErrorAction, ErrorPolicies, RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS, recordHeaders, toRecordHeaders } from '../core/headers.ts'
import { serdes } from '../core/serde.ts'
import type { SourceNode, SubTopology } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { decodeOffsetMetadata } from './offset-metadata.ts'
import type { Given } from './task-fixture.ts'
import { FixtureTask, FixtureTopology } from './task-fixture.ts'

const DEAD: ErrorAction = { deadLetter: 'dead' }

/** Forwards twice and sets a number, before and behind what may fail. */
const doubling: OperatorSupplier = (context) => ({
  process(key, value, timestamp, headers) {
    context.setNumber('t', timestamp)
    context.forward(key, `${value}-1`, timestamp, headers)
    if (value === 'bad') throw new RangeError('not this one')
    context.forward(key, `${value}-2`, timestamp, headers)
  },
})

function topology(source: Partial<SourceNode> = {}): SubTopology {
  return new FixtureTopology()
    .source('in', source)
    .processor('doubling', 'in', doubling, { numbers: ['t'] })
    .sink('out', 'doubling', { key: serdes.json<unknown>() })
    .build()
}

function all(action: ErrorAction): ErrorPolicies {
  return { decode: action, process: action, produce: action }
}

/** What a dead letter says, by the names of its headers without their prefixes. */
function said(fixture: FixtureTask): Record<string, string> {
  const letter = fixture.collector.sent.find(({ topic }) => topic === 'dead')
  const words: Record<string, string> = {}
  for (const [name, value] of letter?.headers ?? [])
    words[name.replace(/^__\w+\.errors\./, '')] = String(value)
  return words
}

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

describe('a record that fails on its way', () => {
  test('fails the task with the node, and the error as cause', async () => {
    const fixture = new FixtureTask(topology())
    await expect(fixture.pipe('in', { key: 'k', value: 'bad' })).rejects.toMatchObject({
      code: 'CALLBACK_FAILED',
      phase: 'process',
      node: 'doubling',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
      raw: { key: Buffer.from('k'), value: Buffer.from('bad') },
      cause: { message: 'not this one' },
    })
  })

  test.each<[string, ErrorPolicies]>([
    ['skip', { process: 'skip' }],
    ['a dead letter', { process: DEAD }],
    ['a function', { process: () => 'skip' }],
  ])('leaves nothing under %s (A14)', async (_name, errors) => {
    const fixture = new FixtureTask(topology(), { errors })
    await fixture.pipe(
      'in',
      { value: 'a', timestamp: 1 },
      { value: 'bad', timestamp: 99 },
      { value: 'b', timestamp: 2 },
    )
    expect(fixture.collector.texts.filter((text) => text.startsWith('out'))).toEqual([
      'out: null=a-1@1',
      'out: null=a-2@1',
      'out: null=b-1@2',
      'out: null=b-2@2',
    ])
    expect(fixture.dropped('process')).toBe(1)
    const [position] = fixture.task.freeze().positions
    expect(position?.offset).toBe(3)
    expect(decodeOffsetMetadata(position?.metadata ?? '')).toMatchObject({
      partitionTime: 2,
      numbers: new Map([['t:doubling', 2]]),
    })
  })

  test('is told to a function that decides', async () => {
    const asked: RecordError[] = []
    const errors: ErrorPolicies = {
      process: (error) => {
        asked.push(error)
        return error.message.includes('not this one') ? DEAD : 'fail'
      },
    }
    const fixture = new FixtureTask(topology(), { errors })
    await fixture.pipe('in', { value: 'bad' })
    expect(asked.map(({ code, node }) => `${code} ${node}`)).toEqual(['CALLBACK_FAILED doubling'])
    expect(said(fixture)).toMatchObject({ code: 'CALLBACK_FAILED', exception: 'RangeError' })
  })

  test('fails when the function that decides throws', async () => {
    const errors: ErrorPolicies = {
      process: () => {
        throw new RangeError('undecided')
      },
    }
    const fixture = new FixtureTask(topology(), { errors })
    await expect(fixture.pipe('in', { value: 'bad' })).rejects.toMatchObject({
      message: expect.stringMatching(/errors.process threw \(undecided\).*not this one/),
    })
  })

  test('fails though a processor above caught the error', async () => {
    const catching: OperatorSupplier = (context) => ({
      process(key, value, timestamp, headers) {
        try {
          context.forward(key, value, timestamp, headers)
        } catch {
          context.forward(key, 'caught', timestamp, headers)
        }
      },
    })
    const built = new FixtureTopology()
      .source('in')
      .processor('catching', 'in', catching)
      .processor('doubling', 'catching', doubling, { numbers: ['t'] })
      .sink('out', 'doubling')
      .build()
    const fixture = new FixtureTask(built, { errors: { process: 'skip' } })
    await fixture.pipe('in', { value: 'bad' })
    expect(fixture.collector.sent).toEqual([])
    expect(fixture.dropped('process')).toBe(1)
  })

  test('leaves nothing when it fails asynchronously', async () => {
    const rejecting: OperatorSupplier = (context) => ({
      process(key, value, timestamp, headers) {
        context.forward(key, value, timestamp, headers)
        context.defer(async () => {
          context.forward(key, 'deferred', timestamp, headers)
          if (value === 'bad') throw new RangeError('later')
        })
      },
    })
    const built = new FixtureTopology()
      .source('in')
      .processor('rejecting', 'in', rejecting, { mayBeAsync: true })
      .sink('out', 'rejecting')
      .build()
    const fixture = new FixtureTask(built, { errors: { process: 'skip' } })
    await fixture.pipe('in', { value: 'bad', timestamp: 9 }, { value: 'good', timestamp: 1 })
    expect(fixture.collector.texts).toEqual(['out: null=good@1', 'out: null=deferred@1'])
    expect(fixture.task.streamTime).toBe(1)
  })

  test('ends the task when it is no error of a record, whatever the policy', async () => {
    const { FatalError } = await import('../core/errors.ts')
    const fatal: OperatorSupplier = () => ({
      process: () => {
        throw new FatalError('INTERNAL', 'a bug of ours')
      },
    })
    const built = new FixtureTopology().source('in').processor('p', 'in', fatal).build()
    const fixture = new FixtureTask(built, { errors: all('skip') })
    await expect(fixture.pipe('in', { value: 'a' })).rejects.toMatchObject({ code: 'INTERNAL' })
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

describe('a record that its topic would not take', () => {
  const large: Given = { value: 'x'.repeat(1_048_588), timestamp: 50 }
  const small: Given = { value: 'a', timestamp: 1 }

  test('fails under fail, as a produce error of the sink', async () => {
    const fixture = new FixtureTask(topology())
    await expect(fixture.pipe('in', large)).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      phase: 'produce',
      node: 'out',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
    })
  })

  test.each<[string, ErrorPolicies, number]>([
    ['skip', { produce: 'skip' }, 0],
    ['a dead letter', { produce: DEAD }, 1],
  ])('leaves nothing under %s', async (_name, errors, letters) => {
    const fixture = new FixtureTask(topology(), { errors })
    await fixture.pipe('in', large, small)
    expect(fixture.collector.sent.map(({ topic }) => topic)).toEqual([
      ...Array.from({ length: letters }, () => 'dead'),
      'out',
      'out',
    ])
    expect(fixture.dropped('produce')).toBe(1)
    expect(fixture.task.streamTime).toBe(1)
  })
})

describe('a record that the broker refused', () => {
  test('is taken by the policy for produce errors when it is met again', async () => {
    const fixture = new FixtureTask(topology(), { errors: { produce: DEAD } })
    await fixture.commit()
    await fixture.pipe('in', { value: 'a' }, { value: 'b' })
    const { RecordError: Refusal } = await import('../core/errors.ts')
    const recordMetadata = { topic: 'in', partition: 0, offset: 0 }
    const details = { phase: 'produce', node: 'out', recordMetadata } as const
    fixture.task.refuse(new Refusal('RECORD_REFUSED', 'too large after all', details))
    await fixture.task.abort()
    fixture.collector.sent.length = 0
    fixture.task.addBatch(
      'in',
      (await import('./task-fixture.ts')).batchOf([{ value: 'a' }, { value: 'b' }]),
      0,
      2,
    )
    await fixture.run()
    expect(fixture.collector.texts).toEqual([
      'dead: null=null@0',
      'out: null=b-1@0',
      'out: null=b-2@0',
    ])
    expect(fixture.dropped('produce')).toBe(1)
  })
})

describe('what a node emits by itself', () => {
  /** Emits these values before each commit. */
  function emitting(...values: readonly string[]): OperatorSupplier {
    return (context) => ({
      process: () => undefined,
      beforeCommit() {
        for (const value of values) context.forward('k', value, 5, EMPTY_HEADERS)
      },
    })
  }

  test('loses only the one that failed', async () => {
    const built = new FixtureTopology()
      .source('in')
      .processor('emitting', 'in', emitting('a', 'bad', 'b'))
      .processor('doubling', 'emitting', doubling, { numbers: ['t'] })
      .sink('out', 'doubling')
      .build()
    const fixture = new FixtureTask(built, { errors: { process: DEAD } })
    await fixture.commit()
    expect(fixture.collector.texts.map((text) => text.replace(/@.*/, ''))).toEqual([
      'out: k=a-1',
      'out: k=a-2',
      'dead: null=null',
      'out: k=b-1',
      'out: k=b-2',
    ])
    expect(said(fixture)).toMatchObject({ node: 'doubling', task: 'in_0' })
    expect(said(fixture)).not.toHaveProperty('offset')
  })

  test('says nothing of the records that come to it later: those fail whole', async () => {
    const both: OperatorSupplier = (context) => ({
      process(key, value, timestamp, headers) {
        context.forward(key, 'before', timestamp, headers)
        context.forward(key, value, timestamp, headers)
      },
      beforeCommit: () => context.forward('k', 'emitted', 5, EMPTY_HEADERS),
    })
    const built = new FixtureTopology()
      .source('in')
      .processor('both', 'in', both)
      .processor('doubling', 'both', doubling, { numbers: ['t'] })
      .sink('out', 'doubling')
      .build()
    const fixture = new FixtureTask(built, { errors: { process: 'skip' } })
    await fixture.commit()
    await fixture.pipe('in', { value: 'bad' })
    expect(fixture.collector.texts).toEqual(['out: k=emitted-1@5', 'out: k=emitted-2@5'])
    expect(fixture.dropped('process')).toBe(1)
  })

  test('fails the commit under fail', async () => {
    const built = new FixtureTopology()
      .source('in')
      .processor('emitting', 'in', emitting('bad'))
      .processor('doubling', 'emitting', doubling, { numbers: ['t'] })
      .build()
    const fixture = new FixtureTask(built)
    await expect(fixture.commit()).rejects.toMatchObject({
      code: 'CALLBACK_FAILED',
      recordMetadata: undefined,
      message: expect.stringContaining('no record of task in_0'),
    })
  })

  test('leaves nothing when a punctuator throws', async () => {
    const punctual: OperatorSupplier = (context) => {
      context.schedule(10, 'stream', () => {
        context.forward('k', 'half', 0, EMPTY_HEADERS)
        throw new RangeError('no')
      })
      return { process: context.forward }
    }
    const built = new FixtureTopology()
      .source('in')
      .processor('p', 'in', punctual)
      .sink('out', 'p')
      .build()
    const fixture = new FixtureTask(built, { errors: { process: 'skip' } })
    await fixture.pipe('in', { value: 'a', timestamp: 1 }, { value: 'b', timestamp: 2 })
    expect(fixture.collector.texts).toEqual(['out: null=a@1', 'out: null=b@2'])
    expect(fixture.dropped('process')).toBe(1)
  })
})

describe('a dead letter', () => {
  test('keeps the headers of its record, one that occurs twice too', async () => {
    const headers = recordHeaders([
      ['trace', Buffer.from('1')],
      ['trace', Buffer.from('2')],
    ])
    const fixture = new FixtureTask(topology(), { errors: all(DEAD) })
    await fixture.pipe('in', { value: 'bad', headers, timestamp: 8 })
    const [letter] = fixture.collector.sent
    expect(letter?.headers.getAll('trace').map(String)).toEqual(['1', '2'])
    expect(letter?.timestamp).toBe(8)
    expect(letter?.headers.has('__millrace.errors.truncated')).toBe(false)
    expect(letter?.headers.text('__streams.errors.message')).toMatch(/not this one/)
  })

  test('goes to the partition of its record, modulo those of the topic', async () => {
    const fixture = new FixtureTask(topology(), { errors: all(DEAD), partition: 5 })
    fixture.collector.partitions = 3
    await fixture.pipe('in', { value: 'bad' })
    expect(fixture.collector.sent[0]?.partition).toBe(2)
  })

  test('that is too large is cut, and says so', async () => {
    const fixture = new FixtureTask(topology({ value: serdes.json<object>() }), {
      errors: all(DEAD),
    })
    const value = Buffer.alloc(1_048_588, 'x')
    const headers = toRecordHeaders({ trace: 'kept' })
    await fixture.pipe('in', { key: 'k', value, headers })
    const [letter] = fixture.collector.sent
    expect(letter?.key?.toString()).toBe('k')
    expect(letter?.value?.length).toBeGreaterThan(1_000_000)
    expect(letter?.value?.length).toBeLessThan(1_048_588)
    expect(letter?.headers.text('__millrace.errors.truncated')).toBe('value=1048588')
    expect(letter?.headers.text('trace')).toBe('kept')
  })

  test('whose headers alone are too large leaves them out', async () => {
    const fixture = new FixtureTask(topology(), { errors: all(DEAD) })
    const headers = toRecordHeaders({ huge: Buffer.alloc(1_048_588) })
    await fixture.pipe('in', { value: 'bad', headers })
    const [letter] = fixture.collector.sent
    expect(letter?.value?.toString()).toBe('bad')
    expect(letter?.headers.has('huge')).toBe(false)
    expect(letter?.headers.text('__millrace.errors.truncated')).toBe('headers')
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
