import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { serdes, stores } from 'millrace'
import type { TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import { topology } from './dedup-per-user.ts'

const activities = stores.keyValue('activities', { key: serdes.string, value: serdes.long })

/** 2015-02-24, in nanoseconds: a double has no two numbers that are 100 apart there. */
const START = 1_424_780_000_000_000_000n
const SECOND = 1_000_000_000n

describe('activities per user', () => {
  let driver: TopologyTestDriver
  let output: TestOutput<string, number>

  /** As JSON text, for the numbers are larger than those of JavaScript. */
  const active = (user: string, after: bigint): Promise<void> =>
    driver.input('activity', { value: serdes.string }).pipe({
      key: null,
      value: `{"User":"${user}","gt":"walk","Creation_Time":${START + after}}`,
    })

  const told = (): string[] => output.readAll().map(({ key, value }) => `${key} ${value}`)

  beforeEach(() => {
    driver = new TopologyTestDriver(topology())
    output = driver.output('activities-per-user', { key: serdes.string, value: serdes.long })
  })
  afterEach(() => driver.close())

  test('count what comes twice once, and what is 100 nanoseconds apart twice', async () => {
    await active('a', 0n)
    await active('a', 0n)
    await active('a', 100n)
    expect(told()).toEqual(['a 1', 'a 2'])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'repeat' })).toBe(1)
  })

  test('tell users of the same nanosecond apart', async () => {
    await active('a', 0n)
    await active('b', 0n)
    expect(told()).toEqual(['a 1', 'b 1'])
    expect(await driver.store(activities).get('b')).toBe(1)
  })

  test('remember for five seconds of the activities, not of the clock', async () => {
    await active('a', 0n)
    await driver.advanceWallClock('1h')
    await active('b', 4n * SECOND)
    await active('a', 0n)
    expect(told()).toEqual(['a 1', 'b 1'])
    await active('b', 12n * SECOND)
    // Older than what is remembered: it may be the first of its kind, so it is let through.
    await active('a', 0n)
    expect(told()).toEqual(['b 2', 'a 2'])
  })
})
