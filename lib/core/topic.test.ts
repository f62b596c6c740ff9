import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS } from './headers.ts'
import { serdes } from './serde.ts'
import { admitsNull } from './serdes/nullable.ts'
import { topic } from './topic.ts'

describe('a topic', () => {
  test('carries its serdes', () => {
    const clicks = topic('clicks', { key: serdes.string, value: serdes.long })
    expect(clicks.name).toBe('clicks')
    expect(clicks.key.format).toBe('string')
    expect(clicks.value).toBe(serdes.long)
  })

  test('without a key serde has bytes or null as keys', () => {
    const { key } = topic('lines', { value: serdes.string })
    const context = { topic: 'lines', part: 'key', headers: EMPTY_HEADERS } as const
    expect(admitsNull(key)).toBe(true)
    expect(key.deserialize(Buffer.from('k'), context)).toEqual(Buffer.from('k'))
  })
})
