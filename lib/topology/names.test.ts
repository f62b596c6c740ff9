import { describe, expect, test } from '@jest/globals'
import { changelogTopic, checkName, internalTopic, repartitionTopic } from './names.ts'

describe('a name', () => {
  test.each(['counts', 'by-word', 'a.b_C-9', '..a', 'x'.repeat(249)])('%p is allowed', (name) => {
    expect(checkName('store', name)).toBe(name)
  })

  test.each(['', '.', '..', 'a b', 'a/b', 'ä', 'a:b', 'x'.repeat(250)])('%p is refused', (name) => {
    expect(() => checkName('store', name)).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME' }),
    )
  })
})

describe('an internal topic', () => {
  test('is called as Kafka Streams calls it', () => {
    expect(changelogTopic('counts')).toBe('counts-changelog')
    expect(repartitionTopic('by-word')).toBe('by-word-repartition')
    expect(internalTopic('app', changelogTopic('counts'))).toBe('app-counts-changelog')
  })

  test('that Kafka could not hold is refused, with the application in it', () => {
    const store = 'x'.repeat(230)
    expect(changelogTopic(store)).toHaveLength(240)
    const whole = (): string => internalTopic('application', changelogTopic(store))
    expect(whole).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    expect(() => repartitionTopic('x'.repeat(240))).toThrow(/249/)
  })
})
