import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { stores } from '../state/stores.ts'
import { subTopologies } from './sub-topologies.ts'
import { programOf, Topology, type TopologyNode } from './topology.ts'

const text = { key: serdes.string, value: serdes.string }
const pass = { ...text }

function source(topology: Topology, topic: string): TopologyNode<string, string> {
  return topology.addSource(topic, topic, text)
}

const forward = () => ({ process: () => undefined })

function idsOf(topology: Topology): readonly string[] {
  return subTopologies(programOf(topology)).map(({ id }) => id)
}

describe('a topology by hand', () => {
  const topology = new Topology()
  const counts = stores.keyValue('counts', { key: serdes.string, value: serdes.long })
  const lines = topology.addSource('lines', ['more', 'lines'], text)
  const counted = topology.addProcessor('counted', lines, forward, {
    ...pass,
    stores: [counts],
    metadata: ['last'],
  })
  topology.addSink('out', counted, 'counts', text)
  topology.addProcessor('audit', source(topology, 'audit-log'), forward)

  test('is described as data', () => {
    expect(topology.describe()).toEqual({
      subTopologies: [
        {
          id: 'audit-log',
          nodes: [
            {
              name: 'audit-log',
              kind: 'source',
              topics: ['audit-log'],
              stores: [],
              successors: ['audit'],
            },
            { name: 'audit', kind: 'processor', topics: [], stores: [], successors: [] },
          ],
        },
        {
          id: 'lines',
          nodes: [
            {
              name: 'lines',
              kind: 'source',
              topics: ['more', 'lines'],
              stores: [],
              successors: ['counted'],
            },
            {
              name: 'counted',
              kind: 'processor',
              topics: [],
              stores: ['counts'],
              successors: ['out'],
            },
            { name: 'out', kind: 'sink', topics: ['counts'], stores: [], successors: [] },
          ],
        },
      ],
    })
  })

  test('is described in the words of Kafka Streams', () => {
    expect(topology.describe('text')).toBe(
      [
        'Topologies:',
        '   Sub-topology: audit-log',
        '    Source: audit-log (topics: [audit-log])',
        '      --> audit',
        '    Processor: audit (stores: [])',
        '      --> none',
        '      <-- audit-log',
        '',
        '   Sub-topology: lines',
        '    Source: lines (topics: [more, lines])',
        '      --> counted',
        '    Processor: counted (stores: [counts])',
        '      --> out',
        '      <-- lines',
        '    Sink: out (topic: counts)',
        '      <-- counted',
        '',
      ].join('\n'),
    )
  })

  test('is drawn by Mermaid', () => {
    const drawn = topology.describe('mermaid').split('\n')
    expect(drawn[0]).toBe('flowchart TD')
    expect(drawn).toContain('    n5 <--> n6[("counts")]')
    expect(drawn).toContainEqual(expect.stringMatching(/^ {2}n\d+\[\/"lines"\/\] --> n4$/))
  })

  test('keeps the numbers of a processor under their own prefix', () => {
    expect(programOf(topology).nodes.get('counted')).toMatchObject({ numbers: ['u:last'] })
  })
})

describe('sub-topologies', () => {
  test('are named by the smallest of their topics, by bytes', () => {
    const topology = new Topology()
    const [b, a] = [source(topology, 'b'), source(topology, 'Z')]
    topology.addProcessor('both', [b, a], forward)
    source(topology, 'a')
    expect(idsOf(topology)).toEqual(['Z', 'a'])
  })

  test('are one where a store is shared', () => {
    const topology = new Topology()
    const seen = stores.keyValue('seen', { key: serdes.string, value: serdes.long })
    const options = { ...pass, stores: [seen] }
    topology.addProcessor('left', source(topology, 'l'), forward, options)
    topology.addProcessor('right', source(topology, 'r'), forward, options)
    expect(idsOf(topology)).toEqual(['l'])
  })

  test('of a pattern are named by it', () => {
    const topology = new Topology()
    topology.addSource('logs', /^logs-.*/, text)
    expect(idsOf(topology)).toEqual(['^logs-.*'])
  })
})

describe('what makes no topology', () => {
  const seen = stores.keyValue('seen', { key: serdes.string, value: serdes.long })
  const other = stores.keyValue('seen', { key: serdes.string, value: serdes.string })

  test.each<readonly [string, string, (topology: Topology) => unknown]>([
    [
      'two nodes of one name',
      'DUPLICATE_NAME',
      (t) => [source(t, 'a'), t.addSource('a', 'b', text)],
    ],
    ['a topic read twice', 'DUPLICATE_NAME', (t) => [source(t, 'a'), t.addSource('b', 'a', text)]],
    ['a source without topics', 'INVALID_OPTION', (t) => t.addSource('a', [], text)],
    ['a topic that Kafka refuses', 'INVALID_NAME', (t) => t.addSource('a', 'a b', text)],
    ['a node name that is none', 'INVALID_NAME', (t) => t.addSource('a b', 'a', text)],
    [
      'a parent of another topology',
      'INVALID_OPTION',
      (t) => t.addProcessor('p', source(new Topology(), 'elsewhere'), forward),
    ],
    [
      'two stores of one name',
      'STORE_MISMATCH',
      (t) => {
        t.addStore(seen)
        t.addStore(other)
      },
    ],
    [
      'a store that the processor gets by name only',
      'INVALID_OPTION',
      (t) => t.addProcessor('p', source(t, 'a'), forward, { stores: ['seen'] }),
    ],
  ])('%s is %s', (_what, code, build) => {
    expect(() => build(new Topology())).toThrow(expect.objectContaining({ code }))
  })

  test('the same handle twice is one store', () => {
    const topology = new Topology()
    topology.addStore(seen)
    topology.addStore(seen)
    expect([...programOf(topology).stores.keys()]).toEqual(['seen'])
  })
})
