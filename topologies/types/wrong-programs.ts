/**
 * Programs that must not compile, as far as their operators are built: `tsc` fails when one does.
 * Numbers are those of the API's list.
 */
import type { KStream, KTable, ProcessorContext, Queryable } from 'millrace'
import { StreamsBuilder, serdes, stores, topic, windows } from 'millrace'

type UserId = string & { readonly brand: 'UserId' }
type OrderId = string & { readonly brand: 'OrderId' }

interface Click {
  readonly id: string
  readonly user: UserId
  readonly page: string
  readonly at: number
}

interface Payment {
  readonly order: OrderId
  readonly paid: number
}

interface Rich {
  readonly page: string
  readonly level: 'gold' | 'silver'
}

const userId = serdes.stringAs<UserId>()
const orderId = serdes.stringAs<OrderId>()
const rich = serdes.json<Rich>()
const builder = new StreamsBuilder()
const clicks = builder.stream('clicks', { key: userId, value: serdes.json<Click>() })
const payments = builder.stream('payments', { key: orderId, value: serdes.json<Payment>() })
const profiles = builder.table('profiles', { key: userId, value: serdes.json<{ name: string }>() })
const perMinute = windows.tumbling('1m', { grace: '10s' })
const seen = stores.keyValue('seen', { key: userId, value: serdes.long })

// 1. Join of streams with different keys.
// @ts-expect-error
clicks.join(payments, (click) => ({ page: click.page, level: 'gold' }), {
  within: '10m',
  value: rich,
})

// 2. Join of a re-keyed stream with the table of its old key.
clicks
  .selectKey((click) => click.page, { key: serdes.string })
  // @ts-expect-error
  .join(profiles, (click) => ({ page: click.page, level: 'gold' }), { value: rich })

// 3. Grouping by a new key whose serde nobody gave.
// @ts-expect-error
clicks.selectKey((click) => click.page).groupByKey()

// 4. Grouping values whose serde nobody gave.
// @ts-expect-error
clicks.mapValues((click) => click.at).groupBy((at) => `${at}`, { key: serdes.string })

// 5. groupBy without a key serde.
// @ts-expect-error
clicks.groupBy((click) => click.page)

// 6. groupBy whose serde is of another type.
// @ts-expect-error
clicks.groupBy((click) => click.at, { key: serdes.string })

// 7. Windowed keys written as plain keys.
const views = clicks.groupByKey().windowedBy(perMinute).count()
// @ts-expect-error
views.toStream().to('views', { key: userId })

// 9. `final` without a window.
// @ts-expect-error
clicks.groupByKey().count().emit('final')

// 10. An aggregator that returns another type.
clicks.groupByKey().aggregate(
  () => 0,
  // @ts-expect-error
  (sum, click) => sum + click.page,
  { value: serdes.long },
)

// 12. A stream join without a window.
// @ts-expect-error
clicks.join(clicks, (click) => ({ page: click.page, level: 'gold' }), { value: rich })

// 13. A window on a table join.
clicks.join(profiles, (click) => ({ page: click.page, level: 'gold' }), {
  // @ts-expect-error
  within: '10m',
  value: rich,
})

// 14. A joiner that makes another type than its serde.
// @ts-expect-error
clicks.join(profiles, (click) => ({ page: click.page, level: 'bronze' }), { value: rich })

// 15. The missing side of a left join used as if it were there.
// @ts-expect-error
clicks.leftJoin(profiles, (_click, profile) => profile.name, { value: serdes.string })

// 16. An async callback on the synchronous path.
// @ts-expect-error
clicks.mapValues(async (click) => click.page)

// 17. A callback with its parameters in Kafka Streams' order.
// @ts-expect-error
clicks.map((user, click) => ({ key: click.page, value: user }))

// 18. A topic written without a serde for its new values.
// @ts-expect-error
clicks.mapValues((click) => click.at).to('times')

// 19. A tombstone taken for a value.
// @ts-expect-error
profiles.toStream().mapValues((profile) => profile.name)

// 20. Spark's spelling of a duration.
// @ts-expect-error
windows.tumbling('10 minutes')

// 21. A store that the processor did not name.
clicks.process((context) => {
  // @ts-expect-error
  context.store(seen)
  return { process: () => undefined }
})

// 22. A processor that forwards what its serdes do not take.
clicks.process(
  (context) => ({
    // @ts-expect-error
    process: ({ key, value }) => context.forward({ key, value: value.page }),
  }),
  { key: userId, value: serdes.long },
)

// 23. A processor that forwards without serdes.
// @ts-expect-error
clicks.process((context) => ({ process: ({ value }) => context.forward({ key: 'a', value }) }))

// 29. A store asked for by name.
declare function ask<Q>(store: Queryable<Q>): Q
// @ts-expect-error
ask('views')

// 30. A windowed store asked as if it were a plain one.
// @ts-expect-error
ask(views).range()

// 32. A helper for known serdes given a stream that lacks one.
function counted(stream: KStream<UserId, number>): KTable<UserId, number, never> {
  return stream.groupByKey().count()
}
// @ts-expect-error
counted(clicks.mapValues((click) => click.at))

// 33. JSON of nobody knows what.
// @ts-expect-error
clicks.mapValues((click) => click.at, { value: serdes.json() })

// 36. A processor class that needs a store which was not named.
class Seen {
  readonly #context: ProcessorContext<UserId, number, typeof seen>
  constructor(context: ProcessorContext<UserId, number, typeof seen>) {
    this.#context = context
  }
  process(): void {
    this.#context.commit()
  }
}
// @ts-expect-error
clicks.process((context) => new Seen(context), { key: userId, value: serdes.long })

// 37. A mistyped option.
// @ts-expect-error
clicks.dropDuplicates({ id: (click) => click.id, withing: '10m' })

// 39. Join with a stream whose serde nobody gave.
const times = clicks.mapValues((click) => click.at)
// @ts-expect-error
clicks.join(times, (click) => ({ page: click.page, level: 'gold' }), { within: '1m', value: rich })

// 41. Type arguments in the place of serdes.
// @ts-expect-error
builder.stream<UserId, Click>('clicks')
// @ts-expect-error
builder.stream<UserId, Click>('clicks', { value: serdes.json<Click>() })
// @ts-expect-error
topic<Click, UserId>('clicks', { value: serdes.json<Click>() })

// 43. Repeats dropped in a stream whose serdes nobody gave.
// @ts-expect-error
clicks
  .map((click) => ({ key: click.page, value: click }))
  .dropDuplicates({
    id: (click) => click.id,
    within: '10m',
  })

// 44. Repeats dropped in a stream whose key may be null.
const unkeyed = builder.stream('clicks', { value: serdes.json<Click>() })
// @ts-expect-error
unkeyed.dropDuplicates({ id: (click) => click.id, within: '10m' })

// 45. A number that the processor did not name, and one when it named none.
clicks.processValues(
  (context) => ({
    // @ts-expect-error
    process: ({ timestamp }) => context.metadata.set('lastPsuh', timestamp),
  }),
  { metadata: ['lastPush'] },
)
clicks.processValues((context) => {
  // @ts-expect-error
  context.metadata.get('lastPush')
  return { process: () => undefined }
})

// 46. One row named among duplicates.
const buffer = stores.window('buffer', {
  key: userId,
  value: serdes.long,
  size: '1m',
  retention: '1h',
  duplicates: true,
})
clicks.process(
  (context) => ({
    // @ts-expect-error
    process: ({ key, timestamp }) => context.store(buffer).delete(key, timestamp),
  }),
  { stores: [buffer] },
)

// A left join of two streams, which is not there yet.
// @ts-expect-error
clicks.leftJoin(clicks, (click) => ({ page: click.page, level: 'gold' }), {
  within: '10m',
  value: rich,
})
