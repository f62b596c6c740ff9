/** A task's span: what timers add to it, what a commit takes, what an abort gives back. */
import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS } from '../core/headers.ts'
import { serdes } from '../core/serde.ts'
import { openState } from '../state/fixture.ts'
import type { InnerKeyValueStore } from '../state/inner-stores.ts'
import { memoryByteStore } from '../state/memory.ts'
import { keyValueSpec } from '../state/store-spec.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { decodeOffsetMetadata } from './offset-metadata.ts'
import { batchOf, FixtureTask, FixtureTopology } from './task-fixture.ts'

describe('punctuators', () => {
  /** Forwards the time of each call. */
  function ticker(time: 'stream' | 'wall-clock', everyMs: number): OperatorSupplier {
    return (context) => {
      context.schedule(everyMs, time, (timestamp) => {
        context.forward(
          'tick',
          String(timestamp),
          timestamp,
          context.callbackContext(0, EMPTY_HEADERS).headers,
        )
      })
      return { process: context.forward }
    }
  }

  test('of stream time fire after the record that made them due', async () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor('p', 'in', ticker('stream', 10))
      .sink('out', 'p')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a', timestamp: 3 }, { value: 'b', timestamp: 9 })
    await fixture.pipe('in', { value: 'c', timestamp: 57 })
    expect(fixture.collector.texts).toEqual([
      'out: null=a@3',
      'out: tick=3@3',
      'out: null=b@9',
      'out: null=c@57',
      'out: tick=57@57',
    ])
  })

  test('of the wall clock fire when they are told the time', async () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor('p', 'in', ticker('wall-clock', 10))
      .sink('out', 'p')
    const { task, collector } = new FixtureTask(topology.build())
    expect(task.nextPunctuation).toBe(10)
    await task.punctuate(9)
    await task.punctuate(35)
    expect(collector.texts).toEqual(['out: tick=35@35'])
    expect(collector.sent[0]?.origin).toBeUndefined()
    expect(task.nextPunctuation).toBe(40)
  })

  test('do not fire again for a time that was committed', async () => {
    const topology = new FixtureTopology()
      .source('in')
      .processor('p', 'in', ticker('stream', 10))
      .sink('out', 'p')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a', timestamp: 57 })
    await fixture.commit()
    await fixture.task.abort()
    await fixture.pipe('in', { value: 'b', timestamp: 58 }, { value: 'c', timestamp: 60 })
    expect(fixture.collector.texts.filter((text) => text.includes('tick'))).toEqual([
      'out: tick=57@57',
      'out: tick=60@60',
    ])
  })
})

describe('a commit', () => {
  test('takes the position behind the last record, or that of the first one not processed', async () => {
    const topology = new FixtureTopology().source('in').sink('out', 'in')
    const fixture = new FixtureTask(topology.build())
    fixture.add('in', { value: 'a' }, { value: 'b' })
    await fixture.task.processOne()
    expect(fixture.task.freeze().positions[0]?.offset).toBe(1)
    await fixture.run()
    expect(fixture.task.freeze().positions[0]?.offset).toBe(2)
    fixture.task.setEnd('in', { position: 7, lastStableOffset: 7 })
    expect(fixture.task.freeze().positions[0]?.offset).toBe(7)
  })

  test('carries partition times, and the numbers of nodes on the first topic', async () => {
    const counting: OperatorSupplier = (context) => ({
      process: (_key, _value, timestamp) => context.setNumber('t', timestamp),
    })
    const topology = new FixtureTopology()
      .source('a')
      .source('b')
      .processor('p', 'a', counting, { parents: ['a', 'b'], numbers: ['t', 'u:last'] })
    const fixture = new FixtureTask(topology.build(), {
      topicIds: new Map([
        ['a', Buffer.alloc(8, 1)],
        ['b', Buffer.alloc(8, 2)],
        ['app-store-changelog', Buffer.alloc(8, 3)],
      ]),
    })
    await fixture.pipe('a', { timestamp: 5 })
    await fixture.pipe('b', { timestamp: 7 })
    const [first, second] = fixture.task.freeze().positions.map(({ metadata }) => metadata)
    expect(decodeOffsetMetadata(first ?? '')).toMatchObject({
      partitionTime: 5,
      numbers: new Map([['t:p', 7]]),
      topicIds: new Map([
        ['a', Buffer.alloc(8, 1)],
        ['app-store-changelog', Buffer.alloc(8, 3)],
      ]),
    })
    expect(decodeOffsetMetadata(second ?? '')).toMatchObject({
      partitionTime: 7,
      numbers: new Map(),
      topicIds: new Map([['b', Buffer.alloc(8, 2)]]),
    })
  })

  test('is dirty exactly when something happened since the last one', async () => {
    const topology = new FixtureTopology().source('in').sink('out', 'in')
    const fixture = new FixtureTask(topology.build())
    await fixture.commit()
    expect(fixture.task.freeze().dirty).toBe(false)
    await fixture.pipe('in', { value: 'a' })
    expect(fixture.task.freeze().dirty).toBe(true)
    await fixture.commit()
    expect(fixture.task.freeze().dirty).toBe(false)
    fixture.task.setEnd('in', { position: 9, lastStableOffset: 9 })
    expect(fixture.task.freeze().dirty).toBe(true)
  })

  test('lets nodes emit first, parents before children, in one pass', async () => {
    const order: string[] = []
    const emits: OperatorSupplier = (context) => {
      let dirty = false
      return {
        process: () => {
          dirty = true
        },
        beforeCommit() {
          order.push(`${context.node} ${dirty}`)
          if (dirty) context.forward(context.node, 'dirty', 0, EMPTY_HEADERS)
          dirty = false
        },
      }
    }
    const topology = new FixtureTopology()
      .source('in')
      .processor('parent', 'in', emits)
      .processor('child', 'parent', emits)
      .sink('out', 'child')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { value: 'a' })
    await fixture.commit()
    expect(order).toEqual(['parent true', 'child true'])
    expect(fixture.collector.texts).toEqual(['out: child=dirty@0'])
    expect(fixture.task.freeze().dirty).toBe(false)
  })
})

describe('an abort', () => {
  test('puts positions, times and numbers back, and makes processors anew (A8)', async () => {
    const lives: string[] = []
    const supplier: OperatorSupplier = (context) => {
      lives.push(`made at ${context.streamTime} with t ${context.number('t')}`)
      return {
        process: (_key, _value, timestamp) => context.setNumber('t', timestamp),
        close: () => void lives.push('closed'),
      }
    }
    const topology = new FixtureTopology()
      .source('in')
      .processor('p', 'in', supplier, { numbers: ['t'] })
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { timestamp: 5 })
    await fixture.commit()
    await fixture.pipe('in', { timestamp: 50 })
    fixture.add('in', { timestamp: 60 })
    expect(fixture.task.streamTime).toBe(50)
    await fixture.task.abort()
    expect(fixture.task.streamTime).toBe(5)
    expect(fixture.task.queuedRecords).toBe(0)
    expect(fixture.task.freeze().positions[0]?.offset).toBe(1)
    expect(fixture.task.freeze().dirty).toBe(false)
    expect(lives).toEqual(['made at -1 with t undefined', 'closed', 'made at 5 with t 5'])
  })

  test('drops the rows of the open span, and keeps those of the one before (A8)', async () => {
    const spec = keyValueSpec({ name: 'sums', key: serdes.string, value: serdes.json<number[]>() })
    const adding: OperatorSupplier = (context) => {
      const sums = context.store<InnerKeyValueStore<unknown, number[]>>('sums')
      return {
        process(key, value, timestamp, headers) {
          const sum = sums.get(key)?.value ?? []
          // Changed in place: a row must not be the object that a processor holds.
          sum.push(Number(value))
          sums.put(key, sum, timestamp)
          context.forward(key, sum.join('+'), timestamp, headers)
        },
      }
    }
    const topology = new FixtureTopology()
      .source('in')
      .store(spec)
      .processor('adding', 'in', adding, { stores: ['sums'] })
      .sink('out', 'adding')
      .build()
    const state = await openState(memoryByteStore(), topology.stores)
    const fixture = new FixtureTask(topology, { state })
    await fixture.pipe('in', { key: 'k', value: '1' })
    await fixture.commit()
    await fixture.pipe('in', { key: 'k', value: '2' })
    await fixture.task.abort()
    fixture.task.addBatch('in', batchOf([{ key: 'k', value: '2' }], 1), 0, 2)
    await fixture.run()
    expect(fixture.collector.texts).toEqual(['out: k=1@0', 'out: k=1+2@0', 'out: k=1+2@0'])
    const { changelog } = fixture.task.freeze()
    expect([...(changelog ?? [])].map(({ value }) => String(value))).toEqual(['[1,2]'])
  })

  test('begins where the coordinator says, when it says where', async () => {
    const topology = new FixtureTopology().source('in').sink('out', 'in')
    const fixture = new FixtureTask(topology.build())
    await fixture.pipe('in', { timestamp: 5 })
    const [position] = fixture.task.freeze().positions
    // The outcome was not known here, but the commit had happened.
    await fixture.task.abort(new Map([['in', { offset: 1, metadata: position?.metadata ?? '' }]]))
    expect(fixture.task.streamTime).toBe(5)
    expect(fixture.task.positionOf('in')).toBe(1)
  })

  test('with metadata that cannot be read knows no time', async () => {
    const topology = new FixtureTopology().source('in').sink('out', 'in')
    const fixture = new FixtureTask(topology.build())
    await fixture.task.abort(new Map([['in', { offset: 4, metadata: 'by hand' }]]))
    expect(fixture.task.streamTime).toBe(-1)
    expect(fixture.task.positionOf('in')).toBe(4)
  })

  test('closes every processor, though one cannot be closed', async () => {
    const closed: string[] = []
    const closing =
      (name: string): OperatorSupplier =>
      (context) => ({
        process: context.forward,
        close() {
          closed.push(name)
          if (name === 'a') throw new RangeError('no')
        },
      })
    const topology = new FixtureTopology()
      .source('in')
      .processor('a', 'in', closing('a'))
      .processor('b', 'a', closing('b'))
    const fixture = new FixtureTask(topology.build())
    await fixture.task.close()
    expect(closed).toEqual(['a', 'b'])
  })
})
