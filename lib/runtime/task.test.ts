/** A task: the order of its records, and what is asynchronous on their way. */
import { describe, expect, test } from '@jest/globals'
import type { OperatorSupplier } from '../topology/operator.ts'
import { FixtureTask, FixtureTopology, pass } from './task-fixture.ts'

/** Passes records on in a later microtask; `log` tells what happens when. */
function later(log: string[] = []): OperatorSupplier {
  return (context) => ({
    process(key, value, timestamp, headers) {
      log.push(`${context.node} begins ${value}`)
      context.defer(async () => {
        await Promise.resolve()
        context.forward(key, value, timestamp, headers)
        log.push(`${context.node} ends ${value}`)
      })
    },
  })
}

/** One record to one for each character. */
const characters: OperatorSupplier = (context) => ({
  process(key, value, timestamp, headers) {
    for (const character of String(value)) context.forward(key, character, timestamp, headers)
  },
})

describe('a task', () => {
  test('processes the oldest head first, over all its topics', async () => {
    const topology = new FixtureTopology()
      .source('left')
      .source('right')
      .processor('both', 'left', pass(), { parents: ['left', 'right'] })
      .sink('out', 'both')
    const fixture = new FixtureTask(topology.build())
    fixture.add('left', { value: 'l1', timestamp: 1 }, { value: 'l3', timestamp: 3 })
    fixture.add('right', { value: 'r2', timestamp: 2 })
    await fixture.run()
    expect(fixture.collector.texts).toEqual(['out: null=l1@1', 'out: null=r2@2', 'out: null=l3@3'])
    expect(fixture.task.streamTime).toBe(3)
  })

  test('is synchronous as long as everything below is', () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor('p', 'in', pass())
      .sink('out', 'p')
    const fixture = new FixtureTask(topology.build())
    fixture.add('in', { value: 'a' })
    expect(fixture.task.processOne()).toBeUndefined()
    expect(fixture.collector.sent).toHaveLength(1)
  })

  test('tells every child, in the order in which they were added, or the one that is named', async () => {
    const choose: OperatorSupplier = (context) => {
      const named = context.forwardTo('c')
      return {
        process(key, value, timestamp, headers) {
          if (value === 'named') named(key, value, timestamp, headers)
          else context.forward(key, value, timestamp, headers)
        },
      }
    }
    const topology = new FixtureTopology()
      .source('in')
      .processor('choose', 'in', choose)
      .sink('a', 'choose')
      .sink('b', 'choose')
      .sink('c', 'choose', { addressed: true })
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'all' }, { value: 'named' })
    expect(fixture.collector.texts).toEqual(['a: null=all@0', 'b: null=all@0', 'c: null=named@0'])
  })

  test('says which children there are when another one is named', () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor(
        'p',
        'in',
        pass((context) => context.forwardTo('q')),
      )
      .sink('out', 'p')
    expect(() => new FixtureTask(topology.build())).toThrow(/no child 'q'.*out/)
  })

  test('hands out a context that knows the record, and nothing behind it', async () => {
    const seen: unknown[] = []
    const topology = new FixtureTopology().source('in').processor('p', 'in', (context) => ({
      process(_key, _value, timestamp, headers) {
        const { recordMetadata, timestampType, streamTime } = context.callbackContext(
          timestamp,
          headers,
        )
        seen.push({ recordMetadata, timestampType, streamTime })
      },
      beforeCommit: () => void seen.push(context.recordMetadata),
    }))
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { timestamp: 5 }, { timestamp: 3 })
    await fixture.commit()
    expect(seen).toEqual([
      {
        recordMetadata: { topic: 'in', partition: 0, offset: 0 },
        timestampType: 'CreateTime',
        streamTime: 5,
      },
      {
        recordMetadata: { topic: 'in', partition: 0, offset: 1 },
        timestampType: 'CreateTime',
        streamTime: 5,
      },
      undefined,
    ])
  })

  test('counts records by node, and how late they came', async () => {
    const topology = new FixtureTopology().source('in').sink('out', 'in')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { timestamp: 5000 }, { timestamp: 3000 })
    const { metrics } = fixture
    expect(metrics.get('millrace_node_process_total', { node: 'out' })).toBe(2)
    expect(metrics.get('millrace_node_process_total')).toBe(4)
    expect(metrics.get('millrace_task_record_lateness_seconds', { task: 'in_0' })).toBe(2)
    expect(metrics.get('millrace_node_record_e2e_latency_seconds', { node: 'in' })).toBe(2)
  })

  test('gives an internal sink the application’s prefix', async () => {
    const topology = new FixtureTopology()
      .source('in')
      .sink('s', 'in', { topic: 'by-word-repartition', internal: true })
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a' })
    expect(fixture.collector.sent[0]?.topic).toBe('app-by-word-repartition')
  })
})

describe('what is asynchronous', () => {
  test('is waited for before the next record', async () => {
    const log: string[] = []
    const topology = new FixtureTopology()
      .source('in')
      .processor('later', 'in', later(log), { mayBeAsync: true })
      .sink('out', 'later')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a' }, { value: 'b' })
    expect(log).toEqual(['later begins a', 'later ends a', 'later begins b', 'later ends b'])
    expect(fixture.collector.texts).toEqual(['out: null=a@0', 'out: null=b@0'])
  })

  test('keeps the order of records, and of what is forwarded meanwhile', async () => {
    const log: string[] = []
    const topology = new FixtureTopology()
      .source('in')
      .processor('characters', 'in', characters)
      .processor('first', 'characters', later(log), { mayBeAsync: true })
      .processor('second', 'first', later(log), { mayBeAsync: true })
      .sink('out', 'second')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'ab' })
    expect(fixture.collector.texts).toEqual(['out: null=a@0', 'out: null=b@0'])
    // A record goes depth first: the second character waits until the first is through.
    expect(log.indexOf('second ends a')).toBeLessThan(log.indexOf('first begins b'))
  })

  test('makes a later sibling wait as well', async () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor('later', 'in', later(), { mayBeAsync: true })
      .sink('slow', 'later')
      .sink('quick', 'in')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a' })
    expect(fixture.collector.texts).toEqual(['slow: null=a@0', 'quick: null=a@0'])
  })

  test('that rejects fails with the name of its node', async () => {
    const rejects: OperatorSupplier = (context) => ({
      process: () => context.defer(() => Promise.reject(new RangeError('no'))),
    })
    const topology = new FixtureTopology()
      .source('in')
      .processor('rejects', 'in', rejects, { mayBeAsync: true })
    const fixture = new FixtureTask(topology.build())
    await expect(fixture.pipe('in', { value: 'a' })).rejects.toMatchObject({
      code: 'CALLBACK_FAILED',
      node: 'rejects',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
    })
  })
})
