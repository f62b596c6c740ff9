import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { serdes, stores } from 'millrace'
import type { TestInput, TestOutput } from 'millrace/testing'
import { TopologyTestDriver } from 'millrace/testing'
import { topology } from './word-count.ts'

/** The store as the topology names it. */
const counts = stores.keyValue('counts', { key: serdes.string, value: serdes.long })

describe('word count', () => {
  let driver: TopologyTestDriver
  let lines: TestInput<Buffer | null, string>
  let output: TestOutput<string, number>

  const line = (value: string, timestamp = 0): Promise<void> =>
    lines.pipe({ key: null, value, timestamp })

  const told = (): string[] => output.readAll().map(({ key, value }) => `${key} ${value}`)

  beforeEach(() => {
    driver = new TopologyTestDriver(topology())
    lines = driver.input('lines', { value: serdes.string })
    output = driver.output('word-counts', { key: serdes.string, value: serdes.long })
  })
  afterEach(() => driver.close())

  test('tells every change of every word', async () => {
    await line('To be, or not to be')
    expect(told()).toEqual(['to 1', 'be 1', 'or 1', 'not 1', 'to 2', 'be 2'])
    await line('be')
    expect(told()).toEqual(['be 3'])
  })

  test('counts a line that comes again as another one, and one of long ago as one of now', async () => {
    await line('word', 60_000)
    await line('word', 60_000)
    await line('word', 1)
    expect(told()).toEqual(['word 1', 'word 2', 'word 3'])
  })

  test('keeps the counts in a store that can be asked', async () => {
    await line('a b a')
    await driver.advanceWallClock('1d')
    expect(await driver.store(counts).get('a')).toBe(2)
    expect(await driver.store(counts).get('z')).toBeUndefined()
  })

  test('makes nothing of a line without words', async () => {
    await line('')
    await line(' … ')
    expect(output.size).toBe(0)
  })
})
