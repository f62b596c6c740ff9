/** What a driven topology does with a record that fails. */
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { stores } from '../state/stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const text = { key: serdes.string, value: serdes.string }

/** Upper case from `in` to `out`; `bad` throws. */
function upper() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .mapValues(
      (value) => {
        if (value === 'bad') throw new RangeError('bad value')
        return value.toUpperCase()
      },
      { value: serdes.string },
    )
    .to('out')
  return builder.build()
}

describe('an error', () => {
  test('rejects the call and every later one, and leaves nothing of the record', async () => {
    const driver = new TopologyTestDriver(upper())
    const input = driver.input('in', text)
    const output = driver.output('out', text)
    await input.pipe({ key: 'k', value: 'a' })
    const failed = { code: 'CALLBACK_FAILED', recordMetadata: { topic: 'in', offset: 1 } }
    await expect(input.pipe({ key: 'k', value: 'bad' })).rejects.toMatchObject(failed)
    await expect(input.pipe({ key: 'k', value: 'b' })).rejects.toMatchObject(failed)
    expect(output.readValues()).toEqual(['A'])
    await driver.close()
  })

  test('goes by the policies, dead letters too', async () => {
    const driver = new TopologyTestDriver(upper(), { errors: { process: { deadLetter: 'dead' } } })
    await driver.input('in', text).pipe({ key: 'k', value: 'bad' }, { key: 'k', value: 'b' })
    expect(driver.output('out', text).readValues()).toEqual(['B'])
    const letter = driver.output('dead', text).read()
    expect(letter?.value).toBe('bad')
    expect(letter?.headers.text('__streams.errors.topic')).toBe('in')
    expect(driver.metrics.get('millrace_task_dropped_records_total', { reason: 'process' })).toBe(1)
  })

  test('of a timestamp too far ahead is there only if it was asked for', async () => {
    const far = { key: 'k', value: 'a', timestamp: 3_600_001 }
    await new TopologyTestDriver(upper()).input('in', text).pipe(far)
    const driver = new TopologyTestDriver(upper(), { maxFutureSkew: '1h' })
    await expect(driver.input('in', text).pipe(far)).rejects.toMatchObject({
      code: 'TIMESTAMP_TOO_FAR',
      phase: 'decode',
    })
  })

  test('under skip leaves no row behind, and what a store refuses is an error of its node (A14)', async () => {
    const counts = stores.keyValue('counts', { key: serdes.string, value: serdes.string })
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .process(
        (context) => {
          const store = context.store(counts)
          return {
            process({ key, value }) {
              store.put(key, value)
              context.forward({ key, value })
              if (value === 'bad') throw new RangeError('after the fact')
              store.put(`${key}-large`, 'x'.repeat(value === 'large' ? 1_048_588 : 1))
            },
          }
        },
        { ...text, stores: [counts], name: 'storing' },
      )
      .to('out')
    const errors = { process: 'skip', produce: 'skip' } as const
    const driver = new TopologyTestDriver(builder.build(), { errors })
    const input = driver.input('in', text)
    await input.pipe({ key: 'a', value: 'good' }, { key: 'a', value: 'bad' })
    await input.pipe({ key: 'b', value: 'large' }, { key: 'c', value: 'bad' })
    const store = driver.store(counts)
    expect([await store.get('a'), await store.get('b'), await store.get('c')]).toEqual([
      'good',
      undefined,
      undefined,
    ])
    expect(driver.output('out', text).readValues()).toEqual(['good'])
    expect(driver.metrics.get('millrace_task_dropped_records_total', { node: 'storing' })).toBe(3)
  })
})
