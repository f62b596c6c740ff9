/** The workloads as topologies, each the counterpart of the one in the Kafka Streams runner. */
import { StreamsBuilder, serdes, stores, windows } from 'millrace'
import { seen } from './marks.mjs'

const json = serdes.json()
const text = { key: serdes.string, value: serdes.string }
const events = { key: serdes.string, value: json }

const WINDOWS = {
  'w4-hop': windows.hopping('1s', { advance: '500ms' }),
  'w4-hop100': windows.hopping('100s', { advance: '1s' }),
  'w4-tumble': windows.tumbling('10s'),
}

/** Counts input records on their way. */
function counted(stream) {
  return stream.peek(seen)
}

function passBytes(builder, [input], output) {
  builder
    .stream(input)
    .mapValues(
      (value) => {
        seen()
        return value
      },
      { value: serdes.nullable(serdes.bytes) },
    )
    .to(output, { key: serdes.bytes, value: serdes.bytes })
}

function addOne(builder, [input], output) {
  builder
    .stream(input, events)
    .mapValues(
      (value) => {
        seen()
        value.amount += 1
        return value
      },
      { value: json },
    )
    .to(output)
}

function runningSum(builder, [input], output) {
  const sums = stores.keyValue('kv', { key: serdes.string, value: serdes.long })
  builder
    .stream(input, events)
    .process(
      (context) => {
        const store = context.store(sums)
        return {
          process({ key, value }) {
            seen()
            const sum = (store.get(key) ?? 0) + value.amount
            store.put(key, sum)
            context.forward({ key, value: String(sum) })
          },
        }
      },
      { stores: [sums], key: serdes.string, value: serdes.string },
    )
    .to(output)
}

function wordCount(builder, [input], output) {
  builder
    .stream(input, { key: serdes.string, value: json })
    .flatMapValues(
      (line) => {
        seen()
        return line.text.split(' ')
      },
      { value: serdes.string },
    )
    .groupBy((word) => word, { key: serdes.string })
    .count({ store: 'counts' })
    .emit('commit')
    .toStream()
    .mapValues(String, { value: serdes.string })
    .to(output)
}

function countEach(builder, [input], output) {
  counted(builder.stream(input, events))
    .groupByKey()
    .count({ store: 'counts' })
    .emit('update')
    .toStream()
    .mapValues(String, { value: serdes.string })
    .to(output)
}

function windowedCount(builder, [input], output, workload) {
  counted(builder.stream(input, events))
    .groupByKey()
    .windowedBy(WINDOWS[workload])
    .count({ store: 'windows' })
    .emit('commit')
    .toStream()
    .map((count, { key, start }) => ({ key: `${key}@${start}`, value: String(count) }), text)
    .to(output)
}

function streamTableJoin(builder, [input, rows], output) {
  const table = builder.table(rows, { ...events, store: 'table' })
  builder
    .stream(input, events)
    .join(
      table,
      (left, right) => {
        seen()
        left.amount += right.amount
        return left
      },
      { value: json },
    )
    .to(output)
}

function streamStreamJoin(builder, [lefts, rights], output) {
  const left = counted(builder.stream(lefts, events))
  const right = counted(builder.stream(rights, events))
  left
    .join(right, (one, other) => `${one.id},${other.id}`, { within: '10s', value: serdes.string })
    .to(output)
}

function dedup(builder, [input], output) {
  counted(builder.stream(input, events))
    .dropDuplicates({ id: (event) => event.id, within: '10m', store: 'ids' })
    .to(output)
}

function restore(builder, [input], output) {
  const rows = stores.keyValue('kv', { key: serdes.bytes, value: serdes.bytes })
  builder
    .stream(input)
    .process(
      (context) => {
        const store = context.store(rows)
        let count = 0
        return {
          process({ key, value }) {
            seen()
            const before = store.get(key)
            store.put(key, value)
            // What was there before shows, after a restore, what has been restored.
            if (++count % 1000 === 0) context.forward({ key, value: before ?? value })
          },
        }
      },
      { stores: [rows], key: serdes.bytes, value: serdes.bytes },
    )
    .to(output)
}

const BUILD = {
  'w1-bytes': passBytes,
  pass: passBytes,
  'w1-json': addOne,
  w2: runningSum,
  w3: wordCount,
  count: countEach,
  'w4-hop': windowedCount,
  'w4-hop100': windowedCount,
  'w4-tumble': windowedCount,
  'w5-st': streamTableJoin,
  'w5-ss': streamStreamJoin,
  w8: dedup,
  restore,
}

/** Throws for a workload that is not known here. */
export function topologyOf(workload, inputs, output) {
  const name = workload.replace('-nocache', '').replace('-zipf', '')
  const build = BUILD[name]
  if (build === undefined)
    throw new Error(`no workload ${workload}: there are ${Object.keys(BUILD).join(', ')}`)
  const builder = new StreamsBuilder()
  build(builder, inputs, output, name)
  return builder.build()
}
