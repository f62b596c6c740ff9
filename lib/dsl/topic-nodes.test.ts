/** What of a key chooses the partition, as a sink of the program says it. */
import { describe, expect, test } from '@jest/globals'
import type { Serde } from '../core/serde.ts'
import { serdes } from '../core/serde.ts'
import { topic } from '../core/topic.ts'
import type { Windowed } from '../core/windows.ts'
import { windows } from '../core/windows.ts'
import type { SinkNode } from '../topology/nodes.ts'
import { programOf } from '../topology/topology.ts'
import type { KStream } from './k-stream.ts'
import { StreamsBuilder } from './streams-builder.ts'

const text = { key: serdes.string, value: serdes.string }
const perMinute = windows.tumbling('1m')
const windowedText = serdes.windowed(serdes.string, perMinute)
type TextWindow = Windowed<string, 'time'>

/** The tail of each sink of a program that ends a stream of windowed keys. */
function tailsBy(end: (stream: KStream<TextWindow, number>) => unknown): number[] {
  const builder = new StreamsBuilder()
  end(builder.stream('a', text).groupByKey().windowedBy(perMinute).count().toStream())
  return [...programOf(builder.build()).nodes.values()]
    .filter((node): node is SinkNode => node.kind === 'sink')
    .map(({ keyTail }) => keyTail)
}

describe('to, of windowed keys', () => {
  test('leaves the window out, whoever named the serde and the topic', () => {
    const named = topic('out', { key: windowedText, value: serdes.long })
    expect(tailsBy((stream) => stream.to('out'))).toEqual([8])
    expect(tailsBy((stream) => stream.to(named))).toEqual([8])
    expect(tailsBy((stream) => stream.to(() => 'out'))).toEqual([8])
    expect(tailsBy((stream) => stream.to('out', { key: windowedText }))).toEqual([8])
    expect(tailsBy((stream) => stream.to('out', { key: serdes.nullable(windowedText) }))).toEqual([
      8,
    ])
  })

  test('takes all bytes where a partitioner was given, for it may hand back', () => {
    expect(tailsBy((stream) => stream.to('out', { partition: () => undefined }))).toEqual([0])
  })

  test('takes all bytes of a writer that is not ours', () => {
    const own: Serde<TextWindow> = serdes.of({
      ...windowedText,
      serialize: ({ key, start }) => Buffer.from(`${start} ${key}`),
    })
    expect(tailsBy((stream) => stream.to('out', { key: own }))).toEqual([0])
    expect(tailsBy((stream) => stream.to('out', { key: serdes.json<TextWindow>() }))).toEqual([0])
  })

  test('takes all bytes in the topic of a repartition, as Kafka Streams does', () => {
    const through = (stream: KStream<TextWindow, number>): unknown =>
      stream.repartition({ name: 'again' }).to('out')
    expect(tailsBy(through)).toEqual([0, 8])
  })

  test('takes all bytes of keys without a window', () => {
    const builder = new StreamsBuilder()
    builder.stream('a', text).to('out')
    expect([...programOf(builder.build()).nodes.values()].at(-1)).toMatchObject({ keyTail: 0 })
  })
})
