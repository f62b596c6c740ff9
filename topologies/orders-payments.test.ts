import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { serdes } from 'millrace'
import type { TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import { topology } from './orders-payments.ts'

interface Settlement {
  readonly order: string
  readonly status: string
  readonly due: number
}

const MINUTE = 60_000

describe('orders and payments', () => {
  let driver: TopologyTestDriver
  let output: TestOutput<string, Settlement>

  const order = (id: string, amount: number, timestamp: number): Promise<void> =>
    driver
      .input('orders', { key: serdes.string, value: serdes.json<object>() })
      .pipe({ key: id, value: { id, amount }, timestamp })

  const payment = (orderId: string, paid: number, timestamp: number): Promise<void> =>
    driver
      .input('payments', { value: serdes.json<object>() })
      .pipe({ key: null, value: { orderId, paid }, timestamp })

  const told = (): string[] =>
    output.readAll().map(({ key, value, timestamp }) => {
      const { status, due } = value
      return `${key} ${status} ${due} at ${timestamp / MINUTE}`
    })

  beforeEach(() => {
    driver = new TopologyTestDriver(topology())
    output = driver.output('settlements', {
      key: serdes.string,
      value: serdes.json<Settlement>(),
    })
  })
  afterEach(() => driver.close())

  test('meet within ten minutes, whichever comes first', async () => {
    await order('1', 30, 0)
    await payment('1', 30, 10 * MINUTE)
    await payment('2', 5, 10 * MINUTE)
    await order('2', 9, 12 * MINUTE)
    expect(told()).toEqual(['1 settled 0 at 10', '2 short 4 at 12'])
  })

  test('do not meet a millisecond later, nor under another order', async () => {
    await order('1', 30, 0)
    await payment('1', 30, 10 * MINUTE + 1)
    await payment('2', 30, 0)
    expect(told()).toEqual([])
  })

  test('meet again for every payment that comes again', async () => {
    await order('1', 30, 0)
    await payment('1', 10, MINUTE)
    await payment('1', 10, MINUTE)
    expect(told()).toEqual(['1 short 20 at 1', '1 short 20 at 1'])
  })

  test('wait by the time of the records: what is late is dropped and counted', async () => {
    await order('1', 30, 0)
    await driver.advanceWallClock('1d')
    await payment('1', 30, 9 * MINUTE)
    expect(told()).toEqual(['1 settled 0 at 9'])
    await order('2', 8, 60 * MINUTE)
    await payment('2', 8, 50 * MINUTE)
    expect(told()).toEqual(['2 settled 0 at 60'])
    await payment('1', 30, 9 * MINUTE)
    expect(told()).toEqual([])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'expired' })).toBe(1)
  })
})
