import { describe, expect, test } from '@jest/globals'
import type { ErrorPolicies } from '../core/errors.ts'
import { ConfigError, RecordError } from '../core/errors.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { ErrorPolicyTable } from './error-policy.ts'
import { FixtureTask, FixtureTopology } from './task-fixture.ts'

const failure = (): RecordError =>
  new RecordError('CALLBACK_FAILED', 'no', { phase: 'process', node: 'n' })

describe('an error policy', () => {
  test('that is no function is the action', () => {
    const table = new ErrorPolicyTable({ process: 'skip', produce: { deadLetter: 'dead' } })
    expect(table.action(failure())).toBe('skip')
    expect(new ErrorPolicyTable({}).action(failure())).toBe('fail')
  })

  test.each([undefined, null, 'Skip', 1, {}, { deadLetter: '' }, { deadLetter: 7 }, []])(
    'that answers %j has not decided',
    (answer) => {
      const table = new ErrorPolicyTable({ process: () => answer as never })
      expect(() => table.action(failure())).toThrow(/^errors.process returned .* instead of/)
    },
  )
})

/** Forwards each value as rows of its own when a punctuator fires; those that begin with `-` fail. */
function rows(): FixtureTopology {
  const emitting: OperatorSupplier = (context) => {
    const values: string[] = []
    context.schedule(10, 'stream', () => {
      for (const value of values.splice(0)) context.forward('k', value, 0, EMPTY_HEADERS)
    })
    return { process: (_key, value) => void values.push(...String(value).split(' ')) }
  }
  const failing: OperatorSupplier = (context) => ({
    process(key, value, timestamp, headers) {
      if (String(value).startsWith('-')) throw new RangeError('not this row')
      context.forward(key, value, timestamp, headers)
    },
  })
  return new FixtureTopology()
    .source('in')
    .processor('emitting', 'in', emitting)
    .processor('failing', 'emitting', failing)
    .sink('out', 'failing')
}

describe('rows that a node emits by itself', () => {
  const emit = async (
    errors: ErrorPolicies,
    admitting: (topic: string) => Promise<void> | undefined = () => undefined,
  ): Promise<FixtureTask> => {
    const fixture = new FixtureTask(rows().build(), { errors })
    fixture.collector.admitting = admitting
    await fixture.pipe('in', { value: 'a -b c -d e', timestamp: 10 }, { value: 'f', timestamp: 20 })
    return fixture
  }

  test('fail one by one, also while the topic of their dead letters is looked for', async () => {
    const fixture = await emit({ process: () => ({ deadLetter: 'dead' }) }, () => Promise.resolve())
    const topics = fixture.collector.sent.map(({ topic, value }) => `${topic} ${value}`)
    expect(topics).toEqual(['out a', 'out c', 'out e', 'dead null', 'dead null', 'out f'])
    expect(fixture.dropped('process')).toBe(2)
  })

  test('end the task when that topic may not be made', async () => {
    const refusal = new ConfigError('TOPIC_MISSING', 'not to be made')
    const emission = emit({ process: { deadLetter: 'dead' } }, () => Promise.reject(refusal))
    await expect(emission).rejects.toBe(refusal)
  })

  test('end the task when the function throws, which is not asked about that', async () => {
    const asked: string[] = []
    const emission = emit({
      process: (error) => {
        asked.push(error.message)
        if (asked.length > 1) return 'skip'
        throw new RangeError('no idea')
      },
    })
    await expect(emission).rejects.toThrow(/^errors.process threw \(no idea\)/)
    expect(asked).toHaveLength(1)
  })
})

test('a dead letter that the broker refuses ends the task, instead of coming again for ever', () => {
  const fixture = new FixtureTask(rows().build(), { errors: { process: { deadLetter: 'dead' } } })
  const recordMetadata = { topic: 'in', partition: 0, offset: 0, timestamp: 0 }
  const refused = new RecordError('RECORD_REFUSED', 'too large', {
    phase: 'produce',
    node: 'out',
    recordMetadata,
  })
  fixture.task.refuse(refused)
  expect(() => fixture.task.refuse(refused)).toThrow('too large')
})
