import { expect, test } from '@jest/globals'
import type { Topology } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import type { Click } from './page-views.ts'
import { clicks, topology as named, viewsPerMinute } from './page-views.ts'
import { topology as inline } from './page-views-inline.ts'

const click = (
  id: string,
  at: number,
  more: Partial<Click> = {},
): { key: string; value: Click } => ({
  key: 'ann',
  value: { id, user: 'ann', page: '/home', kind: 'view', at, ...more },
})

const input = [
  click('1', 0),
  click('1', 0),
  click('2', 10_000, { page: '/cart' }),
  click('3', 20_000, { kind: 'buy' }),
  click('4', 75_000),
  click('5', 5000),
  click('6', 300_000),
]

async function told(topology: Topology): Promise<string[]> {
  const driver = new TopologyTestDriver(topology)
  await driver.input(clicks).pipe(...input)
  const records = driver.output(viewsPerMinute).readAll()
  await driver.close()
  return records.map(({ key, value }) => `${key.key} from ${key.start}: ${value}`)
}

test('the program in one chain tells what the one with names and types tells', async () => {
  expect(await told(inline())).toEqual([
    '/cart from 0: 1',
    '/home from 0: 1',
    '/home from 60000: 1',
  ])
  expect(await told(inline())).toEqual(await told(named()))
})
