/** A commit that nobody answers, or that is given up in the middle of a drain. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { QUICK, World } from '../testing/world.ts'
import { appendTo, begin, PATIENT, put, texts } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('B9: a commit that was never answered', () => {
  const [END_TXN, HEARTBEAT, INIT_PRODUCER_ID] = [26, 12, 22]

  // The commit is decided, which nobody here hears, or never heard of; then the membership ends.
  test.each([
    ['is settled by the next owner of the tail', 1, 'lose answer'],
    ['is settled by the next owner of the tail', 2, 'lose answer'],
    ['leaves nothing when it never arrived', 1, 'lose request'],
    ['leaves nothing when it never arrived', 2, 'lose request'],
  ] as const)('%s (transactions V%i)', async (_what, transactionVersion, fate) => {
    world = await begin({ transactionVersion })
    const instance = await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('1', '2'))
    await world.found(2)
    instance.fate(({ apiKey }) => {
      if (apiKey === HEARTBEAT) return 'lose request'
      return apiKey === END_TXN ? fate : 'pass'
    })
    await world.produce('in', put('3', '4'))
    await world.pass(5000)
    instance.fate(({ apiKey }) => (apiKey === END_TXN ? fate : 'pass'))
    await world.pass(3000)
    instance.fate(() => 'pass')
    await world.produce('in', put('5'))
    await world.found(5)
    await world.pass(3000)
    expect(await world.values()).toEqual(['1', '12', '123', '1234', '12345'])
  })

  test('is repeated until it is decided, whatever taskTimeout says', async () => {
    world = await begin()
    const instance = await world.start(appendTo('rows'), { ...QUICK, taskTimeout: '3s' })
    await world.produce('in', put('1'))
    await world.found(1)
    instance.fate(({ apiKey }) => {
      if (apiKey === END_TXN) return 'lose answer'
      return apiKey === INIT_PRODUCER_ID ? 'lose request' : 'pass'
    })
    await world.produce('in', put('2'))
    await world.pass(15_000)
    instance.fate(() => 'pass')
    await world.produce('in', put('3'))
    await world.found(3)
    expect(await world.values()).toEqual(['1', '12', '123'])
    expect(instance.app.state).toBe('running')
    expect(world.said('joined the group')).toBe(1)
  })
})

describe('A stop with drain', () => {
  const END_TXN = 26

  test('goes on when its last span has to be given up, until that is processed again', async () => {
    world = await begin()
    const instance = await world.start(appendTo('rows'), QUICK)
    await world.produce('in', put('1'))
    await world.found(1)
    // Until the broker has timed the transaction out.
    instance.fate(({ apiKey }) => (apiKey === END_TXN ? 'lose request' : 'pass'))
    await world.produce('in', put('2', '3'))
    const stopped = instance.app.stop({ drain: true })
    await world.pass(6000)
    instance.fate(() => 'pass')
    expect(await world.until(stopped)).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect(await world.values()).toEqual(['1', '12', '123'])
  })

  test('reads behind what it writes to topics of its own, until nothing more is written', async () => {
    world = new World()
    await world.topics({ in: 1, out: 1 })
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupBy((value) => value, { key: serdes.string, name: 'first' })
      .count({ store: 'n' })
      .toStream()
      .map((count, key) => ({ key: `${count}`, value: `${key}${count}` }), texts)
      .repartition({ ...texts, name: 'second' })
      .to('out')
    // No commit but those of the drain, which are what lets the next topic be read.
    const instance = await world.start(builder.build(), { ...PATIENT, commitInterval: '30s' })
    await world.produce('in', put('a', 'b', 'a'))
    const stopped = await world.until(instance.app.stop({ drain: true }))
    expect(stopped).toEqual({ drained: true, aborted: false, leftBehind: 0 })
    expect((await world.values()).sort()).toEqual(['a1', 'a2', 'b1'])
  })
})
