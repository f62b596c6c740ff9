/** All layers against a map, whatever happens in whatever order. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { seededRandom } from '../core/random.ts'
import { serdes } from '../core/serde.ts'
import { Commits, collect, openState } from './fixture.ts'
import type { InnerKeyValueStore, InnerWindowStore } from './inner-stores.ts'
import { MemoryDisk } from './memory.ts'
import { keyValueSpec, windowSpec } from './store-spec.ts'
import type { TaskState } from './task-state.ts'

const MINUTE = 60_000
const SPECS = [
  keyValueSpec({ name: 'numbers', key: serdes.string, value: serdes.long }),
  keyValueSpec({
    name: 'memory',
    in: 'memory',
    key: serdes.string,
    value: serdes.json<number[]>(),
  }),
  windowSpec({
    name: 'windows',
    key: serdes.string,
    value: serdes.json<number[]>(),
    sizeMs: MINUTE,
    retentionMs: 4 * MINUTE,
  }),
]

type Step =
  | { readonly do: 'put'; readonly key: string; readonly value: number; readonly start: number }
  | { readonly do: 'delete'; readonly key: string; readonly start: number }
  | { readonly do: 'expire'; readonly start: number }
  | { readonly do: Rest }

type Rest =
  | 'commit'
  | 'abort'
  | 'freeze then abort'
  | 'flush'
  | 'flush and go on'
  | 'mark'
  | 'rollback'
  | 'kill'
  | 'close'
  | 'visit'
  | 'scan'

const key = fc.constantFrom('', 'a', 'ab', 'b', 'é', '\u0000')
const start = fc.integer({ min: -3, max: 6 }).map((minute) => minute * MINUTE)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('put' as const), key, value: fc.nat(99), start }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), key, start }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), start }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom<Rest>(
        'commit',
        'commit',
        'commit',
        'abort',
        'freeze then abort',
        'flush',
        'flush and go on',
        'mark',
        'rollback',
        'kill',
        'close',
        'visit',
        'scan',
      ),
    }),
  },
)

interface Rows {
  readonly numbers: Map<string, number>
  readonly windows: Map<string, number>
  bound: number
}

const copyOf = ({ numbers, windows, bound }: Rows): Rows => ({
  numbers: new Map(numbers),
  windows: new Map(windows),
  bound,
})

/** The state under test and what it should hold. */
class Twin {
  readonly #disk = new MemoryDisk()
  readonly #random = seededRandom(5)
  readonly #commits = new Commits()
  #open: Rows = { numbers: new Map(), windows: new Map(), bound: Number.NEGATIVE_INFINITY }
  #committed: Rows = copyOf(this.#open)
  #mark: { readonly at: number; readonly rows: Rows } | undefined
  #state: TaskState | undefined

  async run(each: Step): Promise<void> {
    if (each.do === 'put') this.#put(each.key, each.start, each.value)
    else if (each.do === 'delete') this.#put(each.key, each.start, undefined)
    else if (each.do === 'expire') this.#expire(each.start)
    else await this.#rest(each.do)
  }

  async check(): Promise<void> {
    const numbers = this.#store<InnerKeyValueStore<string, number>>('numbers')
    const memory = this.#store<InnerKeyValueStore<string, number[]>>('memory')
    const windows = this.#store<InnerWindowStore<string, number[]>>('windows')
    const { numbers: expected, windows: expectedWindows, bound } = this.#open
    for (const name of ['', 'a', 'ab', 'b', 'é', '\u0000']) {
      expect(numbers.get(name)?.value).toBe(expected.get(name))
      expect(memory.get(name)?.value[0]).toBe(expected.get(name))
    }
    const inOrder = [...expected].sort(([one], [other]) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    )
    expect((await collect(numbers.range())).map((row) => [row.key, row.value])).toEqual(inOrder)
    expect(
      (await collect(memory.range({ reverse: true }))).map((row) => [row.key, row.value[0]]),
    ).toEqual(inOrder.reverse())
    const live = [...expectedWindows].filter(([at]) => Number(at.split('/')[0]) >= bound)
    const found = await collect(
      windows.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
    )
    expect(found.map((row) => [`${row.start}/${row.key}`, row.value[0]]).sort()).toEqual(
      live.sort(),
    )
    for (const [at, value] of expectedWindows) {
      const [begin = '', name = ''] = at.split('/')
      const row = windows.get(name, Number(begin))
      expect(row?.value[0]).toBe(Number(begin) < bound ? undefined : value)
    }
  }

  async start(): Promise<void> {
    const byteStore = await this.#disk.start(this.#random).open('in_0')
    this.#state = await openState(byteStore, SPECS, { cacheBytes: 600 })
    // What is lost with the process is in the changelog.
    for (const { name } of SPECS) this.#commits.restore(this.#state, name)
    this.#open = copyOf(this.#committed)
    this.#mark = undefined
    this.#tellBound()
  }

  #put(name: string, begin: number, value: number | undefined): void {
    const numbers = this.#store<InnerKeyValueStore<string, number>>('numbers')
    const memory = this.#store<InnerKeyValueStore<string, number[]>>('memory')
    const windows = this.#store<InnerWindowStore<string, number[]>>('windows')
    const at = `${begin}/${name}`
    if (value === undefined) {
      numbers.delete(name, 1)
      memory.delete(name, 1)
      windows.delete(name, begin, 1)
      this.#open.numbers.delete(name)
      if (begin >= this.#open.bound) this.#open.windows.delete(at)
      return
    }
    const shared = [value]
    numbers.put(name, value, 1)
    memory.put(name, shared, 1)
    windows.put(name, shared, begin, 1)
    shared[0] = -1
    this.#open.numbers.set(name, value)
    if (begin >= this.#open.bound) this.#open.windows.set(at, value)
  }

  #expire(begin: number): void {
    this.#store<InnerWindowStore<string, number[]>>('windows').expireBefore(begin)
    this.#open.bound = Math.max(this.#open.bound, begin)
  }

  async #rest(what: Rest): Promise<void> {
    const state = this.#taskState()
    switch (what) {
      case 'commit':
        this.#commits.commit(state)
        this.#committed = copyOf(this.#open)
        this.#mark = undefined
        return
      case 'freeze then abort':
        state.freeze()
        this.#drop(state)
        return
      case 'abort':
        this.#drop(state)
        return
      case 'flush':
        await state.flush()
        return
      case 'flush and go on':
        void state.flush()
        return
      case 'mark':
        this.#mark = { at: state.mark(), rows: copyOf(this.#open) }
        return
      case 'rollback':
        if (this.#mark === undefined) return
        state.rollback(this.#mark.at)
        this.#open = copyOf(this.#mark.rows)
        return
      case 'kill':
        await this.start()
        return
      case 'close':
        await state.close(true)
        await this.start()
        return
      case 'visit':
        await this.#visit(state)
        return
      case 'scan':
        await this.check()
    }
  }

  /** The task goes elsewhere, is worked on there, and comes back to a state that was kept open. */
  async #visit(state: TaskState): Promise<void> {
    this.#drop(state)
    const other = await openState(await new MemoryDisk().start(this.#random).open('in_0'), SPECS)
    for (const { name } of SPECS) this.#commits.restore(other, name)
    this.#state = other
    this.#tellBound()
    this.#put('a', 0, 41)
    this.#put('b', 0, undefined)
    this.#commits.commit(other)
    this.#committed = copyOf(this.#open)
    this.#state = state
    state.abort()
    for (const { name } of SPECS) this.#commits.restore(state, name)
    this.#tellBound()
  }

  #drop(state: TaskState): void {
    state.abort()
    this.#open = copyOf(this.#committed)
    this.#mark = undefined
    this.#tellBound()
  }

  /** An operator that was made anew tells its bound anew. */
  #tellBound(): void {
    const { bound } = this.#open
    if (bound === Number.NEGATIVE_INFINITY) return
    this.#store<InnerWindowStore<string, number[]>>('windows').expireBefore(bound)
  }

  #store<S>(name: string): S {
    return this.#taskState().store(name) as S
  }

  #taskState(): TaskState {
    if (this.#state === undefined) throw new TypeError('not started')
    return this.#state
  }
}

describe('the layers of a state', () => {
  test('hold what a map holds, through spans, batches, crashes and visits elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const twin = new Twin()
        await twin.start()
        for (const each of steps) await twin.run(each)
        await twin.check()
      }),
      { numRuns: 120, seed: 9 },
    )
  })
})
