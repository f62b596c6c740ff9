import { describe, expect, test } from '@jest/globals'
import { readArguments, UsageError } from './arguments.ts'

const NAMES = ['page-views', 'word-count']
const read = (...words: string[]) => readArguments(words, NAMES)

describe('the command line of npm start', () => {
  test('runs page views on the embedded broker unless told otherwise', () => {
    expect(read()).toEqual({
      name: 'page-views',
      brokers: undefined,
      port: undefined,
      state: undefined,
      rate: 1000,
      seconds: undefined,
      log: 'error',
    })
  })

  test('takes a name and the user’s own brokers', () => {
    expect(read('word-count', '--brokers', 'a:1,b:2')).toMatchObject({
      name: 'word-count',
      brokers: ['a:1', 'b:2'],
    })
  })

  test('takes a folder for the state on the user’s own brokers', () => {
    expect(read('--brokers', 'a:1', '--state', '/tmp/state')?.state).toBe('/tmp/state')
  })

  test('takes an address of IPv6, and spaces after the comma', () => {
    expect(read('--brokers', '[::1]:9092, b:2')?.brokers).toEqual(['[::1]:9092', 'b:2'])
  })

  test('asks only for help with --help', () => {
    expect(read('--help')).toBeUndefined()
  })

  test.each([
    [['word-cuont'], "no topology 'word-cuont': page-views, word-count"],
    [['word-count', 'page-views'], 'one topology at a time: page-views is too much'],
    [['--prot', '9092'], "Unknown option '--prot'"],
    [['--port', 'http'], '--port http: a whole number from 1 to 65535 is expected'],
    [['--port', '65536'], '--port 65536: a whole number from 1 to 65535 is expected'],
    [['--rate', '0'], '--rate 0: a whole number from 1 to 100000 is expected'],
    [['--brokers', ''], '--brokers : HOST:PORT[,HOST:PORT…] is expected'],
    [['--brokers', 'kafka'], '--brokers kafka: HOST:PORT[,HOST:PORT…] is expected'],
    [['--brokers', 'a:1,:2'], '--brokers a:1,:2: HOST:PORT[,HOST:PORT…] is expected'],
    [['--state', 'dir'], '--state goes with --brokers'],
    [['--log', 'loud'], '--log loud: one of silent, error, warn, info, debug'],
  ])('says in one line what is wrong with %j', (words, line) => {
    expect(() => read(...words)).toThrow(UsageError)
    expect(() => read(...words)).toThrow(line)
  })
})
