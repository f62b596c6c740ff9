import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { serdes, stores } from 'millrace'
import type { TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import { topology } from './click-enrichment.ts'
import { clicks } from './page-views.ts'

interface Profile {
  readonly name: string
  readonly country: string
}

const profiles = stores.keyValue('profiles', {
  key: serdes.string,
  value: serdes.json<Profile>(),
})

describe('a click', () => {
  let driver: TopologyTestDriver
  let output: TestOutput<string, Profile & { readonly id: string }>

  /** Null: the user is gone. */
  const profile = (user: string, value: Profile | null, timestamp = 0): Promise<void> =>
    driver
      .input('profiles', { key: serdes.string, value: serdes.nullable(serdes.json<Profile>()) })
      .pipe({ key: user, value, timestamp })

  const click = (id: string, user: string, timestamp = 0): Promise<void> =>
    driver.input(clicks).pipe({
      key: 'session',
      value: { id, user, page: '/home', kind: 'view', at: timestamp },
      timestamp,
    })

  const told = (): string[] =>
    output.readAll().map(({ key, value }) => `${key} ${value.id} ${value.name} ${value.country}`)

  beforeEach(() => {
    driver = new TopologyTestDriver(topology())
    output = driver.output('rich-clicks', {
      key: serdes.string,
      value: serdes.json<Profile & { readonly id: string }>(),
    })
  })
  afterEach(() => driver.close())

  test('leaves under its user, with the profile that is known then', async () => {
    await click('1', 'ann')
    await profile('ann', { name: 'Ann', country: 'SE' })
    await click('2', 'ann')
    await click('3', 'bob')
    expect(told()).toEqual(['ann 1 unknown nowhere', 'ann 2 Ann SE', 'bob 3 unknown nowhere'])
  })

  test('sees a profile that changed, and one that was deleted', async () => {
    await profile('ann', { name: 'Ann', country: 'SE' })
    await click('1', 'ann')
    await profile('ann', { name: 'Ann', country: 'NO' })
    await click('2', 'ann')
    await profile('ann', null)
    await click('3', 'ann')
    expect(told()).toEqual(['ann 1 Ann SE', 'ann 2 Ann NO', 'ann 3 unknown nowhere'])
    expect(await driver.store(profiles).get('ann')).toBeUndefined()
  })

  test('that is old, or comes again, gets the profile of now too', async () => {
    await profile('ann', { name: 'Ann', country: 'SE' }, 60_000)
    await click('1', 'ann', 120_000)
    await click('1', 'ann', 120_000)
    await click('0', 'ann', 1)
    expect(told()).toEqual(['ann 1 Ann SE', 'ann 1 Ann SE', 'ann 0 Ann SE'])
  })
})
