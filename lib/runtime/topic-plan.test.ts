import { describe, expect, test } from '@jest/globals'
import type { Program, SinkNode, SourceNode, SubTopology } from '../topology/nodes.ts'
import { internalSettings } from './internal-topics.ts'
import { planTopics, type TopicPlan } from './topic-plan.ts'

function source(name: string, topics: SourceNode['topics'], internal = false): SourceNode {
  return {
    kind: 'source',
    name,
    topics,
    internal,
    key: undefined,
    value: undefined,
    nullKey: true,
    nullValue: true,
    timestamp: undefined,
    start: undefined,
    decode: undefined,
  } as SourceNode
}

function sink(name: string, topic: string): SinkNode {
  return { kind: 'sink', name, parents: [], topic, internal: true } as unknown as SinkNode
}

function part(id: string, sources: SourceNode[], sinks: SinkNode[] = []): SubTopology {
  return { id, sources, nodes: [...sources, ...sinks], stores: [], copartitions: [] }
}

function plan(
  subTopologies: SubTopology[],
  partitions: Readonly<Record<string, number>>,
  more: Partial<Program> & { defaultPartitions?: number } = {},
): TopicPlan {
  return planTopics({
    applicationId: 'app',
    program: {
      nodes: new Map(),
      stores: new Map(),
      repartitions: more.repartitions ?? new Map(),
      copartitions: more.copartitions ?? [],
    },
    subTopologies,
    partitions: new Map(Object.entries(partitions)),
    defaultPartitions: more.defaultPartitions,
  })
}

function repartition(name: string, partitions?: number): Program['repartitions'] {
  return new Map([[name, { name, partitions }]])
}

const twoSteps = [
  part('by-word-repartition', [source('by-word', ['by-word-repartition'], true)]),
  part('lines', [source('lines', ['lines'])], [sink('to-by-word', 'by-word-repartition')]),
]

describe('the plan of topics', () => {
  test('gives a sub-topology as many tasks as its widest source has partitions', () => {
    const wide = part('a', [source('a', ['a']), source('b', ['b'])])
    expect(plan([wide], { a: 3, b: 5 }).tasks[0]?.tasks).toBe(5)
  })

  test('takes the partitions of a repartition topic from its input', () => {
    const planned = plan(
      twoSteps,
      { lines: 4 },
      { repartitions: repartition('by-word-repartition') },
    )
    expect(planned.internal).toEqual([
      expect.objectContaining({ name: 'app-by-word-repartition', partitions: 4 }),
    ])
  })

  test('prefers what the topology says, then what the options say', () => {
    const own = repartition('by-word-repartition', 7)
    expect(plan(twoSteps, { lines: 4 }, { repartitions: own }).internal[0]?.partitions).toBe(7)
    const unsaid = { repartitions: repartition('by-word-repartition'), defaultPartitions: 2 }
    expect(plan(twoSteps, { lines: 4 }, unsaid).internal[0]?.partitions).toBe(2)
  })

  test('gives a repartition topic the partitions of what it is joined with', () => {
    const joined = [
      part('lines', [source('lines', ['lines'])], [sink('to-by-word', 'by-word-repartition')]),
      part('words', [source('words', ['words']), source('by-word', ['by-word-repartition'], true)]),
    ]
    const planned = plan(
      joined,
      { lines: 4, words: 9 },
      {
        repartitions: repartition('by-word-repartition'),
        copartitions: [{ node: 'join', sources: ['words', 'by-word'] }],
      },
    )
    expect(planned.internal[0]?.partitions).toBe(9)
  })

  test('refuses to join topics of different widths, with both numbers', () => {
    const wide = part('a', [source('a', ['a']), source('b', ['b'])])
    const copartitions = [{ node: 'join', sources: ['a', 'b'] }]
    expect(() => plan([wide], { a: 3, b: 5 }, { copartitions })).toThrow(
      expect.objectContaining({
        code: 'NOT_COPARTITIONED',
        message: expect.stringMatching(/'a' has 3.*'b' has 5/),
      }),
    )
  })

  test('names a source topic that is missing', () => {
    expect(() => plan([part('a', [source('a', ['a'])])], {})).toThrow(
      expect.objectContaining({ code: 'TOPIC_MISSING', message: expect.stringContaining("'a'") }),
    )
  })

  test('matches a pattern against whole names', () => {
    const planned = plan([part('clicks-.*', [source('all', /clicks-.*/)])], {
      'clicks-eu': 2,
      'clicks-us': 3,
      'old-clicks-eu': 8,
    })
    expect([...(planned.tasks[0]?.sources ?? [])]).toEqual([
      ['clicks-eu', 2],
      ['clicks-us', 3],
    ])
  })

  test('never lets an internal topic delete by time', () => {
    for (const kind of ['repartition', 'windowed-changelog'] as const)
      expect(internalSettings(kind).get('retention.ms')).toBe('-1')
    expect(internalSettings('changelog').get('cleanup.policy')).toBe('compact')
  })
})
