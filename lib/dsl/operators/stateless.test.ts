import { describe, expect, test } from '@jest/globals'
import type { OperatorSupplier } from '../../topology/operator.ts'
import { filter, filterNot } from './filter.ts'
import { OperatorFixture, type Told } from './fixture.ts'
import { flatMap } from './flat-map.ts'
import { flatMapValues } from './flat-map-values.ts'
import { forEach } from './for-each.ts'
import { map } from './map.ts'
import { mapValues } from './map-values.ts'
import { merge } from './merge.ts'
import { peek } from './peek.ts'
import { groupKey, requireKey, selectKey } from './select-key.ts'
import { split } from './split.ts'

const NO_STATE = { store: () => undefined, mark: () => 0, rollback: () => undefined }

type Input = readonly [key: unknown, value: unknown, timestamp?: number]

async function run(
  supplier: OperatorSupplier,
  ...inputs: readonly Input[]
): Promise<OperatorFixture> {
  const fixture = new OperatorFixture(NO_STATE)
  fixture.add('op', supplier)
  for (const [key, value, timestamp = 7] of inputs)
    await fixture.process('op', key, value, timestamp)
  return fixture
}

const told = (key: unknown, value: unknown, timestamp = 7): Told => ({ key, value, timestamp })

describe('operators of one record', () => {
  test('filter keeps what the predicate accepts, filterNot the rest', async () => {
    const even = (value: number) => value % 2 === 0
    const inputs: Input[] = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]
    expect((await run(filter(even), ...inputs)).take('op')).toEqual([told('b', 2)])
    expect((await run(filterNot(even), ...inputs)).take('op')).toEqual([told('a', 1), told('c', 3)])
  })

  test('map may give a timestamp and headers of its own, else the record keeps those it has', async () => {
    const fixture = await run(
      map((value: string, key: string) => ({
        key: value,
        value: key,
        ...(key === 'k2' && { timestamp: 9 }),
      })),
      ['k1', 'v1'],
      ['k2', 'v2'],
    )
    expect(fixture.take('op')).toEqual([told('v1', 'k1'), told('v2', 'k2', 9)])
  })

  test.each([-1, 1.5, Number.NaN])(
    'a record made with timestamp %p is refused',
    async (timestamp) => {
      const supplier = map(() => ({ key: 'k', value: 'v', timestamp }))
      await expect(run(supplier, ['k', 'v'])).rejects.toMatchObject({
        code: 'INVALID_TIMESTAMP',
        node: 'op',
      })
    },
  )

  test('a mapper that returns no record is told what to return', async () => {
    const supplier = map(() => undefined as never)
    await expect(run(supplier, ['k', 'v'])).rejects.toMatchObject({
      code: 'CALLBACK_FAILED',
      message: expect.stringContaining('return { key, value }'),
    })
  })

  test('flatMap and flatMapValues make any number of records, in order', async () => {
    const swapped = flatMap((value: string, key: string) =>
      value
        .split(' ')
        .filter(Boolean)
        .map((word) => ({ key: word, value: key })),
    )
    expect((await run(swapped, ['k', 'x y'], ['l', ''])).take('op')).toEqual([
      told('x', 'k'),
      told('y', 'k'),
    ])
    const words = flatMapValues((value: string) => value.split(' '))
    expect((await run(words, ['k', 'x y'])).take('op')).toEqual([told('k', 'x'), told('k', 'y')])
  })

  test('callbacks get value, key and a context with timestamp and headers', async () => {
    const seen: unknown[] = []
    const supplier = mapValues((value: string, key: string, context) => {
      seen.push(value, key, context.timestamp, context.headers.size)
      return value.length
    })
    expect((await run(supplier, ['k', 'four', 3])).take('op')).toEqual([told('k', 4, 3)])
    expect(seen).toEqual(['four', 'k', 3, 0])
  })

  test('peek and merge change nothing', async () => {
    const seen: string[] = []
    expect(
      (
        await run(
          peek((value: string) => seen.push(value)),
          ['k', 'v'],
        )
      ).take('op'),
    ).toEqual([told('k', 'v')])
    expect(seen).toEqual(['v'])
    expect((await run(merge(), [null, null])).take('op')).toEqual([told(null, null)])
  })

  test('selectKey may make any key; groupKey drops and counts records that have none or no value', async () => {
    const first = (value: string | null) => value?.[0] ?? null
    expect((await run(selectKey(first), ['k', 'ab'], ['k', null])).take('op')).toEqual([
      told('a', 'ab'),
      told(null, null),
    ])
    const grouped = await run(groupKey(first), ['k', 'ab'], ['k', null], ['k', ''])
    expect(grouped.take('op')).toEqual([told('a', 'ab')])
    expect(grouped.drops.map(({ reason }) => reason)).toEqual(['null_value', 'null_key'])
  })

  test('requireKey drops and counts records without a key', async () => {
    const fixture = await run(requireKey(), [null, 'v'], ['k', null])
    expect(fixture.take('op')).toEqual([told('k', null)])
    expect(fixture.drops).toEqual([{ reason: 'null_key', lateBy: undefined }])
  })

  test('split sends a record to the first branch that accepts it, or nowhere', async () => {
    const by = (divisor: number) => (value: number) => value % divisor === 0
    const fixture = await run(
      split([
        { child: 'six', accepts: by(6) },
        { child: 'two', accepts: by(2) },
      ]),
      ['k', 2],
      ['k', 3],
      ['k', 6],
    )
    expect(fixture.take('six')).toEqual([told('k', 6)])
    expect(fixture.take('two')).toEqual([told('k', 2)])
    expect(fixture.take('op')).toEqual([])
  })

  test('forEach finishes the record when the promise of the action is done', async () => {
    const seen: string[] = []
    const action = async (value: string) => {
      seen.push(`${value} begins`)
      await Promise.resolve()
      seen.push(`${value} ends`)
    }
    await run(forEach(action), ['k', 'a'], ['k', 'b'])
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })
})
