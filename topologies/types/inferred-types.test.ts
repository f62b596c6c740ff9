/** What must be inferred, exactly: one line per promise of the API. The compiler is the test. */
import { afterAll, expect, test } from '@jest/globals'
import type {
  DuplicatesStore,
  KeyValueQuery,
  KStream,
  KTable,
  Queryable,
  Serde,
  TaskMetadata,
  Topic,
  Windowed,
  WindowQuery,
  WindowScans,
  WindowStore,
} from 'millrace'
import { StreamsBuilder, serdes, stores, topic, windows } from 'millrace'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if the value's type is exactly `T`. */
function is<T>(): <A>(value: A, ...same: Equal<A, T> extends true ? [] : [never]) => void {
  return () => undefined
}

/** What `app.store` gives for a handle or a table. */
declare function ask<Q>(store: Queryable<Q>): Q

type Event =
  | { readonly type: 'view'; readonly page: string }
  | { readonly type: 'buy'; readonly price: number }

const builder = new StreamsBuilder()
const events = builder.stream('events', { key: serdes.string, value: serdes.json<Event>() })
const users = builder.table('users', { key: serdes.string, value: serdes.json<{ name: string }>() })

test('a stream without serdes is bytes, and says that they may be null', () => {
  is<KStream<Buffer | null, Buffer | null>>()(builder.stream('raw'))
  is<KStream<Buffer | null, Event>>()(builder.stream(/x/, { value: serdes.json<Event>() }))
  is<Topic<string | null, Event>>()(
    topic('t', { key: serdes.nullable(serdes.string), value: serdes.json<Event>() }),
  )
  is<Serde<{ id: bigint }>>()(serdes.json<{ id: bigint }>({ integers: 'bigint' }))
})

test('a stream knows what it lacks, and no longer lacks it once it has been told', () => {
  is<KStream<string, number, 'no value serde'>>()(events.mapValues(() => 1))
  is<KStream<string, number>>()(events.mapValues(() => 1, { value: serdes.int }))
  is<KStream<number, number>>()(
    events.map(() => ({ key: 1, value: 2 }), { key: serdes.int, value: serdes.int }),
  )
  is<KStream<number, Event, 'no key serde'>>()(events.selectKey(() => 1))
})

test('predicates narrow without being asked to', () => {
  is<KStream<string, { readonly type: 'buy'; readonly price: number }>>()(
    events.filter((event) => event.type === 'buy'),
  )
  is<KStream<string, { readonly type: 'view'; readonly page: string }>>()(
    events.split({ views: (event) => event.type === 'view', rest: () => true }).views,
  )
  is<KStream<string, { name: string }>>()(users.toStream().filter((user) => user !== null))
})

test('streams of one type merge as they are, of two types with a serde for both', () => {
  const { views, rest } = events.split({ views: (e) => e.type === 'view', rest: () => true })
  is<KStream<string, Event>>()(rest.merge(events))
  is<KStream<string, Event>>()(rest.merge(views))
  is<KStream<string, Event | number, 'no value serde'>>()(
    events.merge(events.mapValues(() => 1, { value: serdes.int })),
  )
  is<KStream<string, Event>>()(views.merge(rest, { value: serdes.json<Event>() }))
})

const grouped = events.groupByKey()
const counts = grouped.windowedBy(windows.tumbling('1m')).count()

test('a table says whether its rows are ever deleted', () => {
  is<KTable<string, number, never>>()(grouped.count())
  is<KTable<Windowed<string>, number, never>>()(counts)
  is<KStream<Windowed<string>, number>>()(counts.emit('final').toStream())
  is<KTable<string, number>>()(
    grouped.aggregate(
      () => 0,
      (n) => (n > 9 ? null : n + 1),
      { value: serdes.int },
    ),
  )
  is<KTable<string, Event, never>>()(events.toTable())
  is<KStream<string, { name: string } | null>>()(users.emit({ every: '1s' }).toStream())
})

/** Repeats are looked for under a key that is there, also in a helper for many streams. */
function once<K extends string, V extends { readonly id: string }>(
  stream: KStream<K, V>,
): KStream<K, V> {
  return stream.dropDuplicates({ id: ({ id }) => id, within: '1h', partitions: 12 })
}

test('dropDuplicates keeps the types of its stream', () => {
  const orders = builder.stream('o', { key: serdes.string, value: serdes.json<{ id: string }>() })
  is<KStream<string, { id: string }>>()(once(orders))
  is<KStream<string, Event>>()(
    builder
      .stream('unkeyed', { value: serdes.json<Event>() })
      .selectKey((event) => event.type, { key: serdes.string })
      .dropDuplicates({ id: (event) => event.type, within: '1h' }),
  )
})

const perStart = { key: serdes.string, value: serdes.int, size: '1m', retention: '1h' } as const
const single = stores.window('single', perStart)
const several = stores.window('several', { ...perStart, duplicates: true })

test('a processor sees the stores and numbers that its options name', () => {
  is<KStream<string, number>>()(
    events.process(
      (context) => {
        is<TaskMetadata<'first' | 'last'>>()(context.metadata)
        is<number | undefined>()(context.metadata.get('last'))
        is<WindowStore<string, number>>()(context.store(single))
        is<DuplicatesStore<string, number>>()(context.store(several))
        return { process: ({ key }) => context.forward({ key, value: 1 }) }
      },
      {
        key: serdes.string,
        value: serdes.int,
        stores: [single, several],
        metadata: ['first', 'last'],
      },
    ),
  )
  is<KStream<string, number>>()(
    events.processValues(
      ({ metadata, forward }) => ({
        process: ({ timestamp }) => {
          metadata.set('last', timestamp)
          forward({ value: metadata.get('last') ?? 0 })
        },
      }),
      { value: serdes.long, metadata: ['last'] },
    ),
  )
})

test('stores are asked by what they are', () => {
  // Never called: the compiler reads it.
  const asked = (): void => {
    is<KeyValueQuery<string, { name: string }>>()(ask(users))
    is<WindowQuery<string, number, 'time'>>()(ask(counts))
    is<WindowQuery<string, number, 'time'>>()(ask(single))
    is<WindowScans<string, number, 'time'>>()(ask(several))
  }
  expect(typeof asked).toBe('function')
})

// All of it is one topology, in whatever order the tests ran.
afterAll(() => {
  expect(builder.build().describe().subTopologies.length).toBeGreaterThan(0)
})
