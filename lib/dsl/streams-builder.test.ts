import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { topic } from '../core/topic.ts'
import { windows } from '../core/windows.ts'
import { stores } from '../state/stores.ts'
import type { Program, ProgramNode } from '../topology/nodes.ts'
import { subTopologies } from '../topology/sub-topologies.ts'
import { programOf } from '../topology/topology.ts'
import { StreamsBuilder } from './streams-builder.ts'

const text = { key: serdes.string, value: serdes.string }
const perMinute = windows.tumbling('1m')

function programBy(build: (builder: StreamsBuilder) => unknown): Program {
  const builder = new StreamsBuilder()
  build(builder)
  return programOf(builder.build())
}

const storesOf = (program: Program): readonly string[] => [...program.stores.keys()]
const repartitionsOf = (program: Program): readonly string[] => [...program.repartitions.keys()]
const node = (program: Program, name: string): ProgramNode | undefined => program.nodes.get(name)

describe('the names of stores and topics', () => {
  test('are generated from the nearest name of the user, the operator and an ordinal', () => {
    const program = programBy((builder) => {
      const clicks = builder.stream('clicks', text)
      clicks.groupByKey().count()
      clicks.groupByKey({ name: 'mine' }).count()
      clicks.groupByKey().count()
      clicks.groupBy((value) => value, { key: serdes.string }).reduce((a) => a)
    })
    expect(storesOf(program)).toEqual([
      'clicks-count-1',
      'mine-count-1',
      'clicks-count-2',
      'clicks-reduce-1',
    ])
    expect(repartitionsOf(program)).toEqual(['clicks-reduce-1-repartition'])
  })

  test('do not move when a stateless operator comes in front', () => {
    const plain = programBy((builder) => builder.stream('clicks', text).groupByKey().count())
    const filtered = programBy((builder) =>
      builder
        .stream('clicks', text)
        .filter(() => true)
        .peek(() => undefined)
        .groupByKey()
        .count(),
    )
    expect(storesOf(filtered)).toEqual(storesOf(plain))
    expect(node(filtered, 'clicks-count-1')).toBeDefined()
  })

  test('of a repartition topic is that of the store behind it, unless it has one', () => {
    const program = programBy((builder) => {
      const byValue = builder.stream('clicks', text).selectKey((value) => value, {
        key: serdes.string,
      })
      byValue.groupByKey().count({ store: 'counts' })
      byValue.groupByKey({ name: 'by-value' }).count({ store: 'others' })
      byValue.dropDuplicates({ id: (value) => value, within: 1, store: 'seen' })
      byValue.toTable({ store: 'latest' })
      byValue.repartition({ name: 'through' })
    })
    expect(repartitionsOf(program)).toEqual([
      'counts-repartition',
      'by-value-repartition',
      'seen-repartition',
      'latest-repartition',
      'through-repartition',
    ])
  })

  test('that nobody gave are refused where they are asked for', () => {
    const builder = new StreamsBuilder()
    const clicks = builder.stream('clicks', text)
    clicks.groupByKey().count()
    clicks.repartition()
    clicks.groupByKey().count({ store: 'named' })
    expect(() => builder.build({ requireNames: true })).toThrow(
      expect.objectContaining({
        code: 'NAME_REQUIRED',
        message: expect.stringMatching(/store clicks-count-1, .*topic clicks-repartition-1$/),
      }),
    )
  })

  test('may be the same for a topic and a store', () => {
    const program = programBy((builder) => {
      builder.table('counts', { ...text, store: 'counts' })
      builder.stream('counts-table', text)
    })
    expect([...program.nodes.keys()]).toEqual(['counts', 'counts-table', 'counts-table-2'])
  })
})

describe('a re-keyed stream', () => {
  test('goes through one topic for each use', () => {
    const program = programBy((builder) => {
      const grouped = builder.stream('a', text).groupBy((value) => value, { key: serdes.string })
      grouped.count()
      grouped.reduce((left) => left)
    })
    expect(repartitionsOf(program)).toEqual(['a-count-1-repartition', 'a-reduce-1-repartition'])
    expect(subTopologies(program).map(({ id }) => id)).toEqual([
      'a',
      'a-count-1-repartition',
      'a-reduce-1-repartition',
    ])
  })

  test('goes through one topic for all uses of a grouping that has a name', () => {
    const program = programBy((builder) => {
      const options = { key: serdes.string, name: 'by-value', partitions: 12 }
      const grouped = builder.stream('a', text).groupBy((value) => value, options)
      grouped.count()
      grouped.windowedBy(perMinute).count()
    })
    expect([...program.repartitions.values()]).toEqual([
      { name: 'by-value-repartition', partitions: 12 },
    ])
  })

  test('is not repartitioned where its key does not matter, nor twice in a row', () => {
    const program = programBy((builder) => {
      const rekeyed = builder.stream('a', text).map((value) => ({ key: value, value }), text)
      rekeyed.mapValues((value) => value, { value: serdes.string }).to('b')
      rekeyed.repartition({ name: 'r' }).groupByKey().count()
    })
    expect(repartitionsOf(program)).toEqual(['r-repartition'])
  })

  test('carries nulls and the serdes that it has through the topic', () => {
    const program = programBy((builder) => {
      const value = serdes.nullable(serdes.string)
      builder.stream('a', { key: serdes.string, value }).repartition({ name: 'r' }).to('b')
      builder.stream('raw').repartition({ name: 'bytes' }).to('c')
    })
    expect(node(program, 'r-repartition-source')).toMatchObject({
      internal: true,
      key: serdes.string,
      nullKey: true,
      nullValue: true,
    })
    expect(node(program, 'bytes-repartition-sink')).toMatchObject({
      internal: true,
      key: undefined,
      value: undefined,
    })
  })
})

describe('a source', () => {
  test('admits nulls only where its serde does, or a table has tombstones', () => {
    const program = programBy((builder) => {
      builder.stream('plain', text)
      builder.stream('null', { key: serdes.nullable(serdes.string), value: serdes.string })
      builder.stream('raw')
      builder.table(topic('table', text))
    })
    const nulls = [...program.nodes.values()].flatMap((source) =>
      source.kind === 'source' ? [[source.name, source.nullKey, source.nullValue]] : [],
    )
    expect(nulls).toEqual([
      ['plain', false, false],
      ['null', true, false],
      ['raw', true, true],
      ['table', false, true],
    ])
  })

  test('that is read twice is refused', () => {
    const builder = new StreamsBuilder()
    builder.stream('clicks', text)
    expect(() => builder.table('clicks', text)).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_NAME' }),
    )
  })
})

describe('what must be partitioned alike', () => {
  test('is both sides of a join, and the topics that a keyed operator reads together', () => {
    const program = programBy((builder) => {
      const table = builder.table('users', { ...text, store: 'users' })
      const clicks = builder.stream('clicks', text)
      clicks.join(table, (left) => left, { value: serdes.string, name: 'joined' })
      clicks.join(builder.stream('views', text), (left) => left, {
        value: serdes.string,
        within: '1m',
        name: 'met',
      })
      builder.stream(['a', 'b'], text).groupByKey().count({ store: 'both' })
    })
    expect(program.copartitions).toEqual([
      { node: 'joined', sources: ['clicks', 'users'] },
      { node: 'met', sources: ['clicks', 'views'] },
      { node: 'both-count', sources: ['a'] },
    ])
  })
})

describe('a windowed aggregate', () => {
  const hopping = windows.hopping('10s', { advance: '5s', grace: '1s' })

  function storeBy(build: (builder: StreamsBuilder) => unknown) {
    return programBy(build).stores.get('s')
  }

  test('keeps size and grace, or more when asked', () => {
    const kept = (retention?: '1h'): number | undefined =>
      storeBy((builder) =>
        builder
          .stream('a', text)
          .groupByKey()
          .windowedBy(hopping)
          .count({ store: retention === undefined ? 's' : { name: 's', retention } }),
      )?.retentionMs
    expect(kept()).toBe(11_000)
    expect(kept('1h')).toBe(3_600_000)
  })

  test('refuses to keep less', () => {
    const grouped = new StreamsBuilder().stream('a', text).groupByKey().windowedBy(hopping)
    expect(() => grouped.count({ store: { name: 's', retention: '10s' } })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test('is kept as panes only where results can be merged', () => {
    const panes = (commutative: boolean): unknown =>
      storeBy((builder) =>
        builder
          .stream('a', text)
          .groupByKey()
          .windowedBy(windows.hopping('100s', { advance: '1s' }))
          .reduce((left) => left, { store: 's', commutative }),
      )?.panes
    expect(panes(true)).toMatchObject({ sizeMs: 100_000, advanceMs: 1000 })
    expect(panes(false)).toBeUndefined()
  })

  test('sends what is late to a topic or to a branch, past all other readers', () => {
    const program = programBy((builder) => {
      const grouped = builder.stream('a', text).groupByKey()
      grouped.windowedBy(perMinute, { late: 'too-late' }).count({ store: 'x' })
      grouped
        .windowedBy(perMinute, { late: (records) => records.to('branch') })
        .count({ store: 'y' })
    })
    expect(node(program, 'x-count-late')).toMatchObject({ topic: 'too-late', addressed: true })
    expect(node(program, 'y-count-late')).toMatchObject({ kind: 'processor', addressed: true })
    expect([...program.nodes.values()].at(-1)).toMatchObject({
      topic: 'branch',
      parents: ['y-count-late'],
    })
  })
})

describe('a view of a table', () => {
  test('is a node that its table addresses by name', () => {
    const program = programBy((builder) => {
      const table = builder
        .stream('a', text)
        .groupByKey()
        .windowedBy(perMinute)
        .count({ store: 's' })
      table.emit('final').toStream().to('b')
      table.emit({ every: '1s' }).emit('commit').toStream().to('c')
    })
    expect(node(program, 's-emit-final-1')).toMatchObject({
      parents: ['s-count'],
      addressed: true,
      numbers: ['w'],
      stores: ['s'],
    })
    expect(node(program, 's-emit-commit-1')).toMatchObject({ parents: ['s-count'], numbers: [] })
  })

  test('of windows that never close is refused at build', () => {
    const builder = new StreamsBuilder()
    const forever = windows.tumbling('1m', { grace: 'forever' })
    builder.stream('a', text).groupByKey().windowedBy(forever).count().emit('final')
    expect(() => builder.build()).toThrow(/forever/)
  })

  test('of a derived table keeps the rows that it needs', () => {
    const program = programBy((builder) => {
      const table = builder.table('t', { ...text, store: 't' }).filter((value) => value !== '')
      table.emit('commit').toStream().to('a')
      table.emit({ complete: '1s' }).toStream().to('b')
    })
    expect(storesOf(program)).toEqual(['t', 't-rows-1'])
  })
})

describe('a table', () => {
  test('is its own handle', () => {
    const builder = new StreamsBuilder()
    const table = builder.table('t', { ...text, store: 'rows' })
    expect(table.handle.name).toBe('rows')
    expect(table.emit('commit').handle).toBe(table.handle)
    expect(() => table.filter(() => true).handle).toThrow(/keeps no rows/)
    expect(table.filter(() => true, { store: 'kept' }).handle.name).toBe('kept')
  })
})

describe('a builder', () => {
  test('takes nothing after build, and neither do its streams', () => {
    const builder = new StreamsBuilder()
    const clicks = builder.stream('clicks', text)
    const topology = builder.build()
    const built = expect.objectContaining({ code: 'BUILT' })
    expect(() => builder.stream('more', text)).toThrow(built)
    expect(() => clicks.filter(() => true)).toThrow(built)
    expect(() => clicks.to('out')).toThrow(built)
    expect(() => builder.build()).toThrow(built)
    expect(() => topology.addSource('more', 'more', text)).toThrow(built)
  })

  test('does not mix its streams with those of another', () => {
    const [one, other] = [new StreamsBuilder(), new StreamsBuilder()]
    const stream = one.stream('a', text)
    expect(() => stream.merge(other.stream('b', text))).toThrow(/two builders/)
    expect(() =>
      stream.join(other.table('c', text), (left) => left, { value: serdes.string }),
    ).toThrow(/another builder/)
  })

  test('takes stores that no processor names', () => {
    const store = stores.keyValue('extra', { key: serdes.string, value: serdes.long })
    expect(storesOf(programBy((builder) => builder.addStore(store)))).toEqual(['extra'])
  })
})
