/** Dead letters whose topic is chosen while the application runs. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { ErrorPolicies, RecordError } from '../core/errors.ts'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { type Instance, QUICK, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'

let world: World
afterEach(() => world.end())

const options = { ...QUICK, commitInterval: '100ms' } as const

/** Passes everything on but what begins with `bad`. */
function copies(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string, value: serdes.string })
    .filter((value) => {
      if (value.startsWith('bad')) throw new RangeError(value.slice(0, 10))
      return true
    })
    .to('out')
  return builder.build()
}

/** A topic for each source. */
const chosen: ErrorPolicies = {
  process: ({ recordMetadata }: RecordError) => ({ deadLetter: `dead-${recordMetadata?.topic}` }),
}

const put = (...values: string[]): { key: string; value: string; partition: number }[] =>
  values.map((value, at) => ({ key: 'k', value, partition: at % 2 }))

const values = async (topic: string): Promise<string[]> => (await world.values(topic)).sort()

async function begin(): Promise<void> {
  world = new World()
  await world.topics({ in: 2, out: 1 })
}

/** The error that ends it. */
async function failed({ app }: Instance): Promise<{ code: string; message: string }> {
  return world.until(
    app.run().then(
      () => ({ code: 'none', message: 'it ended well' }),
      (error: { code: string; message: string }) => error,
    ),
  )
}

describe('a dead-letter topic that a function chooses', () => {
  test.each(['exactly-once', 'at-least-once', 'at-most-once'] as const)(
    'is made at its first letter, under %s, and nothing else is disturbed',
    async (guarantee) => {
      await begin()
      await world.start(copies(), { ...options, guarantee, errors: chosen })
      await world.produce('in', put('1', 'bad 2', '3', 'bad 4', '5', 'bad 6'))
      await world.found(3, 'dead-in')
      await world.found(3, 'out')
      await world.pass(1000)
      expect(await values('dead-in')).toEqual(['bad 2', 'bad 4', 'bad 6'])
      expect(await values('out')).toEqual(['1', '3', '5'])
      const { topics } = await world.until(world.metadata())
      expect(topics.get('dead-in')?.partitions).toHaveLength(2)
      expect(world.log.join('\n')).toContain('created a dead-letter topic that was missing')
    },
  )

  test('is used as it is where it exists, with its own limit of size', async () => {
    await begin()
    await world.until(
      world.admin.createTopics([
        {
          name: 'dead-in',
          partitions: 1,
          replicationFactor: 1,
          configs: { 'max.message.bytes': '2000' },
        },
      ]),
    )
    await world.start(copies(), { ...options, errors: chosen })
    await world.produce('in', put('1', `bad ${'x'.repeat(5000)}`))
    await world.found(1, 'dead-in')
    await world.found(1, 'out')
    const [letter] = await values('dead-in')
    expect(letter).toMatch(/^bad x+$/)
    expect(letter?.length).toBeLessThan(2000)
  })

  test('is known again after a rebalance', async () => {
    await begin()
    await world.start(copies(), { ...options, errors: chosen })
    await world.produce('in', put('bad 1', 'bad 2'))
    await world.found(2, 'dead-in')
    await world.start(copies(), { ...options, errors: chosen })
    await world.pass(10_000)
    await world.produce('in', put('bad 3', 'bad 4'))
    await world.found(4, 'dead-in')
    expect(await values('dead-in')).toEqual(['bad 1', 'bad 2', 'bad 3', 'bad 4'])
  })

  test('that may not be made ends the instance with what to do, and the record comes again', async () => {
    await begin()
    const refusing = world.instance(copies(), {
      ...options,
      errors: chosen,
      // More than this cluster has brokers.
      internalTopics: { replicationFactor: 3 },
    })
    const failure = failed(refusing)
    await world.produce('in', put('1', 'bad 2', '3'))
    const { code, message } = await failure
    expect(code).toBe('TOPIC_MISSING')
    expect(message).toMatch(/^dead-letter topic 'dead-in' does not exist .*REPLICATION_FACTOR/)
    expect(message).toContain('kafka-topics.sh --create --topic dead-in --partitions 2')
    await world.topics({ 'dead-in': 1 })
    await world.start(copies(), { ...options, errors: chosen })
    await world.found(1, 'dead-in')
    await world.found(2, 'out')
    expect(await values('dead-in')).toEqual(['bad 2'])
    expect(await values('out')).toEqual(['1', '3'])
  })
})

describe('a function that decides', () => {
  test.each<[string, () => never, RegExp]>([
    [
      'throws',
      () => {
        throw new RangeError('no idea')
      },
      /^errors.process threw \(no idea\) when asked about: .* at offset 0: bad 1$/,
    ],
    [
      'returns what is no action',
      () => undefined as never,
      /^errors.process returned undefined instead of 'fail', 'skip' or .* bad 1$/,
    ],
    ['is asynchronous', () => Promise.resolve('skip') as never, /^errors.process returned Promise/],
  ])('and %s ends the instance, and the record comes again', async (_name, process, message) => {
    await begin()
    const failure = failed(world.instance(copies(), { ...options, errors: { process } }))
    await world.produce('in', put('bad 1', '2'))
    expect(await failure).toMatchObject({
      code: 'CALLBACK_FAILED',
      message: expect.stringMatching(message),
    })
    await world.start(copies(), { ...options, errors: chosen })
    await world.found(1, 'dead-in')
    await world.found(1, 'out')
    expect([await values('dead-in'), await values('out')]).toEqual([['bad 1'], ['2']])
  })
})
