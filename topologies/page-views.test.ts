import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { KTable, Windowed } from 'millrace'
import { StreamsBuilder } from 'millrace'
import type { TestInput, TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import type { Click } from './page-views.ts'
import { build, clicks, viewsPerMinute } from './page-views.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

describe('page views per minute', () => {
  let driver: TopologyTestDriver
  let views: KTable<Windowed<string>, number, never>
  let input: TestInput<string, Click>
  let output: TestOutput<Windowed<string>, number>
  let clicked = 0

  /** Somebody views a page; each click has an id of its own unless it is said. */
  const view = (at: number, page = '/home', more: Partial<Click> = {}): Promise<void> => {
    const click: Click = { id: `${++clicked}`, user: 'ann', page, kind: 'view', at, ...more }
    return input.pipe({ key: 'ann', value: click })
  }

  const told = (): string[] =>
    output.readAll().map(({ key, value }) => `${key.key} from ${key.start}: ${value}`)

  beforeEach(() => {
    const builder = new StreamsBuilder()
    views = build(builder)
    driver = new TopologyTestDriver(builder.build())
    input = driver.input(clicks)
    output = driver.output(viewsPerMinute)
  })
  afterEach(() => driver.close())

  test('are told once, when the window and its ten seconds of grace are over', async () => {
    await view(0)
    await view(20 * SECOND)
    await view(30 * SECOND, '/cart')
    await view(69 * SECOND)
    expect(told()).toEqual([])
    await view(70 * SECOND)
    expect(told()).toEqual(['/cart from 0: 1', '/home from 0: 2'])
  })

  test('count a click once, however often it comes within ten minutes', async () => {
    await view(0, '/home', { id: 'same' })
    await view(0, '/home', { id: 'same' })
    await view(2 * MINUTE)
    expect(told()).toEqual(['/home from 0: 1'])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'repeat' })).toBe(1)
  })

  test('take a click that is out of order, and drop and count one that is late', async () => {
    await view(65 * SECOND)
    await view(59 * SECOND)
    await view(70 * SECOND)
    expect(told()).toEqual(['/home from 0: 1'])
    await view(58 * SECOND)
    await view(3 * MINUTE)
    expect(told()).toEqual([`/home from ${MINUTE}: 2`])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'late' })).toBe(1)
  })

  test('leave out what is no view', async () => {
    await view(0, '/home', { kind: 'buy' })
    await view(2 * MINUTE)
    expect(told()).toEqual([])
  })

  test('can be asked for before their window has closed', async () => {
    await view(0)
    await view(1)
    expect(await driver.store(views).get('/home', 0)).toBe(2)
    expect(await driver.store(views).get('/cart', 0)).toBeUndefined()
  })

  test('do not wait for the wall clock, and are not moved by it', async () => {
    await view(0)
    await driver.advanceWallClock('1h')
    expect(told()).toEqual([])
  })
})
