import { describe, expect, test } from '@jest/globals'
import { coresOf } from './machine.ts'
import { optionsOf } from './options.ts'

describe('the command line', () => {
  test('asks for every load under both guarantees, three times, when it is empty', () => {
    const options = optionsOf([])
    const names = new Set(options?.loads.map(({ workload, measure }) => `${measure} ${workload}`))
    expect(names.size).toBe(13)
    expect(options?.loads.length).toBe(2 * 13)
    expect(options?.pairs).toBe(3)
    expect(options?.endS).toBeUndefined()
  })

  test('multiplies names, guarantees, partitions and keys', () => {
    const options = optionsOf('--only w2,w3 --partitions 1,10 --keys 5,7 --records 9'.split(' '))
    expect(options?.loads.length).toBe(2 * 2 * 2 * 2)
    expect(options?.loads.every(({ records }) => records === 9)).toBe(true)
  })

  test('has an end and less input when it is to be quick', () => {
    const quick = optionsOf(['--quick', '--only', 'w2'])
    const whole = optionsOf(['--only', 'w2'])
    expect(quick?.endS).toBeLessThan(300)
    expect(quick?.pairs).toBe(1)
    expect(quick?.loads[0]?.records).toBeLessThan(whole?.loads[0]?.records ?? 0)
  })

  test('profiles millrace alone', () => {
    expect(optionsOf(['--profile'])).toMatchObject({ engines: ['millrace'], pairs: 1 })
  })

  test.each([
    [['--only', 'w9'], "no workload 'w9'"],
    [['--guarantee', 'both'], "no guarantee 'both'"],
    [['--engines', 'flink'], "no engine 'flink'"],
    [['--pairs', '0'], "--pairs is a whole number above 0, not '0'"],
    [['--records', 'many'], '--records'],
    [['--quik'], '--quik'],
  ])('%p is refused in words', (args, message) => {
    expect(() => optionsOf(args)).toThrow(message)
  })
})

test.each([
  ['0-1', { rest: '0', engine: '1' }],
  ['0,2-4', { rest: '0,2,3', engine: '4' }],
  ['3', undefined],
])('of the cores %s the engine gets the last', (allowed, cores) => {
  expect(coresOf(allowed)).toEqual(cores)
})
