/** Records that are not taken where they go, under each policy, and dead letters that are. */
import { describe, expect, test } from '@jest/globals'
import type { ErrorPolicies } from '../core/errors.ts'
import { recordHeaders, toRecordHeaders } from '../core/headers.ts'
import { serdes } from '../core/serde.ts'
import { all, DEAD, topology } from './policies-fixture.ts'
import { FixtureTask, type Given } from './task-fixture.ts'

describe('a record that its topic would not take', () => {
  const large: Given = { value: 'x'.repeat(1_048_588), timestamp: 50 }
  const small: Given = { value: 'a', timestamp: 1 }

  test('fails under fail, as a produce error of the sink', async () => {
    const fixture = new FixtureTask(topology())
    await expect(fixture.pipe('in', large)).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      phase: 'produce',
      node: 'out',
      recordMetadata: { topic: 'in', partition: 0, offset: 0 },
    })
  })

  test.each<[string, ErrorPolicies, number]>([
    ['skip', { produce: 'skip' }, 0],
    ['a dead letter', { produce: DEAD }, 1],
  ])('leaves nothing under %s', async (_name, errors, letters) => {
    const fixture = new FixtureTask(topology(), { errors })
    await fixture.pipe('in', large, small)
    expect(fixture.collector.sent.map(({ topic }) => topic)).toEqual([
      ...Array.from({ length: letters }, () => 'dead'),
      'out',
      'out',
    ])
    expect(fixture.dropped('produce')).toBe(1)
    expect(fixture.task.streamTime).toBe(1)
  })
})

describe('a record that the broker refused', () => {
  test('is taken by the policy for produce errors when it is met again', async () => {
    const fixture = new FixtureTask(topology(), { errors: { produce: DEAD } })
    await fixture.commit()
    await fixture.pipe('in', { value: 'a' }, { value: 'b' })
    const { RecordError: Refusal } = await import('../core/errors.ts')
    const recordMetadata = { topic: 'in', partition: 0, offset: 0 }
    const details = { phase: 'produce', node: 'out', recordMetadata } as const
    fixture.task.refuse(new Refusal('RECORD_REFUSED', 'too large after all', details))
    await fixture.task.abort()
    fixture.collector.sent.length = 0
    fixture.task.addBatch(
      'in',
      (await import('./task-fixture.ts')).batchOf([{ value: 'a' }, { value: 'b' }]),
      0,
      2,
    )
    await fixture.run()
    expect(fixture.collector.texts).toEqual([
      'dead: null=null@0',
      'out: null=b-1@0',
      'out: null=b-2@0',
    ])
    expect(fixture.dropped('produce')).toBe(1)
  })
})

describe('a dead letter', () => {
  test('keeps the headers of its record, one that occurs twice too', async () => {
    const headers = recordHeaders([
      ['trace', Buffer.from('1')],
      ['trace', Buffer.from('2')],
    ])
    const fixture = new FixtureTask(topology(), { errors: all(DEAD) })
    await fixture.pipe('in', { value: 'bad', headers, timestamp: 8 })
    const [letter] = fixture.collector.sent
    expect(letter?.headers.getAll('trace').map(String)).toEqual(['1', '2'])
    expect(letter?.timestamp).toBe(8)
    expect(letter?.headers.has('__millrace.errors.truncated')).toBe(false)
    expect(letter?.headers.text('__streams.errors.message')).toMatch(/not this one/)
  })

  test('goes to the partition of its record, modulo those of the topic', async () => {
    const fixture = new FixtureTask(topology(), { errors: all(DEAD), partition: 5 })
    fixture.collector.partitions = 3
    await fixture.pipe('in', { value: 'bad' })
    expect(fixture.collector.sent[0]?.partition).toBe(2)
  })

  test('that is too large is cut, and says so', async () => {
    const fixture = new FixtureTask(topology({ value: serdes.json<object>() }), {
      errors: all(DEAD),
    })
    const value = Buffer.alloc(1_048_588, 'x')
    const headers = toRecordHeaders({ trace: 'kept' })
    await fixture.pipe('in', { key: 'k', value, headers })
    const [letter] = fixture.collector.sent
    expect(letter?.key?.toString()).toBe('k')
    expect(letter?.value?.length).toBeGreaterThan(1_000_000)
    expect(letter?.value?.length).toBeLessThan(1_048_588)
    expect(letter?.headers.text('__millrace.errors.truncated')).toBe('value=1048588')
    expect(letter?.headers.text('trace')).toBe('kept')
  })

  test('whose headers alone are too large leaves them out', async () => {
    const fixture = new FixtureTask(topology(), { errors: all(DEAD) })
    const headers = toRecordHeaders({ huge: Buffer.alloc(1_048_588) })
    await fixture.pipe('in', { value: 'bad', headers })
    const [letter] = fixture.collector.sent
    expect(letter?.value?.toString()).toBe('bad')
    expect(letter?.headers.has('huge')).toBe(false)
    expect(letter?.headers.text('__millrace.errors.truncated')).toBe('headers')
  })
})
