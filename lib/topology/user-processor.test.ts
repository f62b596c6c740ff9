import { describe, expect, test } from '@jest/globals'
import { EMPTY_HEADERS, recordHeaders } from '../core/headers.ts'
import { silentLogger } from '../core/logger.ts'
import { NamedStores } from './named-stores.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { ProgramBuilder } from './program-builder.ts'
import {
  type ErasedFixedKeySupplier,
  type ErasedSupplier,
  fixedKeyProcessor,
  userProcessor,
} from './user-processor.ts'

const noStores = new NamedStores([], new ProgramBuilder())
const headers = recordHeaders([['trace', Buffer.from('1')]])

/** The runtime's side of one node, as a list of what the node did. */
class Site {
  readonly told: unknown[] = []
  readonly deferred: (() => Promise<void>)[] = []
  readonly numbers = new Map<string, number>()
  punctuator: ((timestamp: number) => void | Promise<void>) | undefined
  readonly context: OperatorContext

  constructor() {
    this.context = {
      applicationId: 'app',
      taskId: 'in_0',
      partition: 0,
      node: 'mine',
      log: silentLogger,
      streamTime: 70,
      wallClock: 90,
      maxCompleteRows: 1_000_000,
      recordMetadata: { topic: 'in', partition: 0, offset: 5 },
      forward: (...record) => void this.told.push(record),
      forwardTo:
        (child) =>
        (...record) =>
          void this.told.push([child, ...record]),
      callbackContext: () => {
        throw new RangeError('processors have a context of their own')
      },
      store: (name) => {
        throw new RangeError(name)
      },
      number: (name) => this.numbers.get(name),
      setNumber: (name, value) => void this.numbers.set(name, value),
      defer: (work) => void this.deferred.push(work),
      schedule: (_every, _time, punctuator) => {
        this.punctuator = punctuator
        return { [Symbol.dispose]: () => undefined }
      },
      commit: () => void this.told.push('commit'),
      drop: () => undefined,
    }
  }

  /** What the runtime does after the synchronous part of a record. */
  async drain(): Promise<void> {
    for (let work = this.deferred.shift(); work !== undefined; work = this.deferred.shift())
      await work()
  }
}

function make(supplier: ErasedSupplier): [Operator, Site] {
  const site = new Site()
  return [userProcessor(supplier, noStores)(site.context), site]
}

function makeFixed(supplier: ErasedFixedKeySupplier): [Operator, Site] {
  const site = new Site()
  return [fixedKeyProcessor(supplier, noStores)(site.context), site]
}

describe('a processor', () => {
  test('forwards with the timestamp and headers of the record in hand unless it says others', () => {
    const [operator, site] = make(({ forward }) => ({
      process: ({ key, value }) => {
        forward({ key, value })
        forward({ key, value, timestamp: 7, headers: { a: 'b' } }, 'child')
      },
    }))
    operator.process('k', 'v', 50, headers)
    expect(site.told[0]).toEqual(['k', 'v', 50, headers])
    expect(site.told[1]).toMatchObject(['child', 'k', 'v', 7, { size: 1 }])
  })

  test('sees where it is', () => {
    const [operator, site] = make((context) => ({
      process: () => {
        const { applicationId, taskId, streamTime, wallClock, recordMetadata } = context
        site.told.push({ applicationId, taskId, streamTime, wallClock, recordMetadata })
        context.commit()
      },
    }))
    operator.process('k', 'v', 50, EMPTY_HEADERS)
    expect(site.told).toEqual([
      {
        applicationId: 'app',
        taskId: 'in_0',
        streamTime: 70,
        wallClock: 90,
        recordMetadata: { topic: 'in', partition: 0, offset: 5 },
      },
      'commit',
    ])
  })

  test('keeps its numbers apart from those of operators', () => {
    const [operator, site] = make(({ metadata }) => ({
      process: () => metadata.set('n', (metadata.get('n') ?? 0) + 1),
    }))
    operator.process('k', 'v', 1, EMPTY_HEADERS)
    operator.process('k', 'v', 2, EMPTY_HEADERS)
    expect(site.numbers).toEqual(new Map([['u:n', 2]]))
  })

  test('that is asynchronous is awaited, and its record stays in hand meanwhile', async () => {
    const [operator, site] = make(({ forward }) => ({
      process: async ({ key, value }) => {
        await Promise.resolve()
        forward({ key, value })
      },
    }))
    operator.process('k', 'v', 50, headers)
    expect(site.told).toEqual([])
    await site.drain()
    expect(site.told).toEqual([['k', 'v', 50, headers]])
  })

  test('that fails asynchronously fails its record', async () => {
    const [operator, site] = make(() => ({ process: () => Promise.reject(new RangeError('no')) }))
    operator.process('k', 'v', 50, headers)
    await expect(site.drain()).rejects.toThrow('no')
  })

  test('cannot forward once its call has ended', () => {
    let late = (): void => undefined
    const [operator] = make(({ forward }) => ({
      process: ({ key, value }) => {
        late = () => forward({ key, value })
      },
    }))
    operator.process('k', 'v', 50, headers)
    expect(late).toThrow(expect.objectContaining({ code: 'CALLBACK_FAILED' }))
  })

  test.each([-1, 1.5, Number.NaN])('cannot forward with timestamp %p', (timestamp) => {
    const [operator] = make(({ forward }) => ({
      process: ({ key, value }) => forward({ key, value, timestamp }),
    }))
    expect(() => operator.process('k', 'v', 50, headers)).toThrow(
      expect.objectContaining({ code: 'INVALID_TIMESTAMP' }),
    )
  })

  test('forwards from a punctuator with its time and no headers', async () => {
    const [, site] = make(({ forward, schedule }) => {
      schedule('10s', 'stream', (timestamp) => forward({ key: 'tick', value: timestamp }))
      return { process: () => undefined }
    })
    await site.punctuator?.(123)
    expect(site.told).toEqual([['tick', 123, 123, EMPTY_HEADERS]])
  })

  test('forwards before a commit, with the stream time', async () => {
    const [operator, site] = make(({ forward }) => ({
      process: () => undefined,
      beforeCommit: () => forward({ key: 'sum', value: 1 }),
    }))
    await operator.beforeCommit?.()
    expect(site.told).toEqual([['sum', 1, 70, EMPTY_HEADERS]])
  })

  test('may be an object with methods', async () => {
    class Counter {
      #count = 0
      readonly #emit: (count: number) => void
      constructor(emit: (count: number) => void) {
        this.#emit = emit
      }
      process(): void {
        this.#count += 1
      }
      beforeCommit(): void {
        this.#emit(this.#count)
      }
      close(): void {
        this.#count = 0
      }
    }
    const [operator, site] = make(
      ({ forward }) => new Counter((count) => forward({ key: null, value: count })),
    )
    operator.process('k', 'v', 1, EMPTY_HEADERS)
    await operator.beforeCommit?.()
    await operator.close?.()
    expect(site.told).toEqual([[null, 1, 70, EMPTY_HEADERS]])
  })

  test('schedules at a rhythm that is one', () => {
    expect(() =>
      make(({ schedule }) => {
        schedule(0, 'stream', () => undefined)
        return { process: () => undefined }
      }),
    ).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })

  test('opens no store that its options do not name', () => {
    const [operator] = make(({ store }) => ({ process: () => void store('seen') }))
    expect(() => operator.process('k', 'v', 1, EMPTY_HEADERS)).toThrow(/do not name/)
  })
})

describe('a processor that keeps the key', () => {
  test('forwards under the key in hand', () => {
    const [operator, site] = makeFixed(({ forward }) => ({
      process: ({ value }) => forward({ value }),
    }))
    operator.process('k', 'v', 50, headers)
    expect(site.told).toEqual([['k', 'v', 50, headers]])
  })

  test('has none to forward under in a punctuator', () => {
    const [, site] = makeFixed(({ forward, schedule }) => {
      schedule('1s', 'wall-clock', () => forward({ value: 1 }))
      return { process: () => undefined }
    })
    expect(() => site.punctuator?.(1)).toThrow(/no key/)
  })
})
