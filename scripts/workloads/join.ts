/** Orders and payments, joined within a span that covers them all: each pair comes out once. */
import { StreamsBuilder, serdes } from 'millrace'
import type { InputRecord, Workload } from './workload.ts'
import { compareAsSets } from './workload.ts'

export const join: Workload = {
  name: 'join',
  topology: (prefix = '') => {
    const builder = new StreamsBuilder()
    const orders = builder.stream(`${prefix}jo-orders`, {
      key: serdes.string,
      value: serdes.string,
    })
    const payments = builder.stream(`${prefix}jo-payments`, {
      key: serdes.string,
      value: serdes.string,
    })
    orders
      .join(payments, (order, payment) => `${order}+${payment}`, {
        within: '1h',
        grace: '1h',
        value: serdes.string,
        name: 'jo-join',
      })
      .to(`${prefix}jo-out`)
    return builder.build()
  },
  inputTopics: ['jo-orders', 'jo-payments'],
  outputTopic: 'jo-out',
  input: (pick, count) =>
    Array.from({ length: count }, (_, at): InputRecord => {
      const topic = pick(2) === 0 ? 'jo-orders' : 'jo-payments'
      const timestamp = 1_000_000 + at * 10
      return { topic, key: `key-${pick(Math.ceil(count / 4))}`, value: `${at}`, timestamp }
    }),
  check: (input, output, _partitionOf, guarantee) => {
    const pairs: string[] = []
    for (const order of input)
      if (order.topic === 'jo-orders')
        for (const payment of input)
          if (payment.topic === 'jo-payments' && payment.key === order.key)
            pairs.push(`${order.key}: ${order.value}+${payment.value}`)
    return compareAsSets(
      pairs,
      output.map(({ key, value }) => `${key}: ${value}`),
      guarantee,
    )
  },
}
