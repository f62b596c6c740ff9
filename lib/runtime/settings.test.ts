import { describe, expect, test } from '@jest/globals'
import type { RuntimeOptions } from './options.ts'
import { settingsOf } from './settings.ts'

function refusal(options: Partial<RuntimeOptions>): unknown {
  try {
    settingsOf({ applicationId: 'app', ...options })
    return undefined
  } catch (error) {
    return error
  }
}

describe('the options', () => {
  test('have the documented defaults', () => {
    expect(settingsOf({ applicationId: 'app' })).toMatchObject({
      guarantee: 'exactly-once',
      commitIntervalMs: 100,
      transactionTimeoutMs: 10_000,
      stopTimeoutMs: 20_000,
      flushBytes: 8_388_608,
      maxFutureSkewMs: 3_600_000,
      onUnreadableState: 'rebuild',
    })
  })

  test('commit once a second where nothing waits for a transaction', () => {
    const settings = settingsOf({ applicationId: 'app', guarantee: 'at-least-once' })
    expect(settings.commitIntervalMs).toBe(1000)
  })

  test.each<[string, Partial<RuntimeOptions>]>([
    ['guarantee', { guarantee: 'exactly-twice' as never }],
    ['commitInterval', { commitInterval: 0 }],
    ['transactionTimeout', { commitInterval: '10s', transactionTimeout: '10s' }],
    ['errors.decode', { errors: { decode: 'ignore' as never } }],
    ['errors.parse', { errors: { parse: 'skip' } as never }],
    ['fetch.maxBytes', { fetch: { maxBytes: 1.5 } }],
    ['produce.compression', { produce: { compression: 'brotli' as never } }],
    ['internalTopics.replicationFactor', { internalTopics: { replicationFactor: 0 } }],
    ['recentProgress', { recentProgress: -1 }],
    ['sessionTimeout', { sessionTimeout: '10 seconds' as never }],
  ])('name %s when it is wrong', (option, options) => {
    expect(refusal(options)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(option),
    })
  })

  test.each(['', 'a b', 'a/b', '..', 'x'.repeat(201)])('refuse %j as applicationId', (name) => {
    expect(refusal({ applicationId: name })).toMatchObject({ code: 'INVALID_NAME' })
  })
})
