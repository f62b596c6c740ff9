/** Orders and payments within ten minutes of each other. */
import type { Topology } from 'millrace'
import { StreamsBuilder, serdes, topic } from 'millrace'

interface Order {
  readonly id: string
  readonly amount: number
}

interface Payment {
  readonly orderId: string
  readonly paid: number
}

interface Settlement {
  readonly order: string
  readonly status: 'settled' | 'short'
  readonly due: number
}

const settlements = topic('settlements', {
  key: serdes.string,
  value: serdes.json<Settlement>(),
})

export function topology(): Topology {
  const builder = new StreamsBuilder()
  const orders = builder.stream('orders', { key: serdes.string, value: serdes.json<Order>() })
  const payments = builder
    .stream('payments', { value: serdes.json<Payment>() })
    .selectKey((payment) => payment.orderId, { key: serdes.string })

  orders
    .join(
      payments,
      (order, payment, id) => {
        const due = order.amount - payment.paid
        return { order: id, status: due > 0 ? 'short' : 'settled', due }
      },
      { within: '10m', grace: '1m', value: settlements.value, name: 'order-payment' },
    )
    .to(settlements)
  return builder.build({ requireNames: true })
}
