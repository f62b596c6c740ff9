/** Records that fail in a node, under each policy: what the error says, and what is left of the record. */
import { describe, expect, test } from '@jest/globals'
import type { ErrorPolicies, RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { decodeOffsetMetadata } from './offset-metadata.ts'
import { all, DEAD, doubling, said, topology } from './policies-fixture.ts'
import { FixtureTask, FixtureTopology } from './task-fixture.ts'

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
