/**
 * For the tests of this folder: a few operators over a task's state, one call per step of the
 * runtime. Outputs are kept by the node that told them, those to named children under that name.
 */
import { EMPTY_HEADERS, type RecordHeaders } from '../../core/headers.ts'
import { silentLogger } from '../../core/logger.ts'
import type { DropReason } from '../../core/metrics.ts'
import type {
  Change,
  Forward,
  Operator,
  OperatorContext,
  OperatorSupplier,
} from '../../topology/operator.ts'

/** What operators and commits need of a task's state; `TaskState` has it. */
export interface FixtureState {
  store(name: string): unknown
  mark(): number
  rollback(mark: number): void
}

export interface Told {
  readonly key: unknown
  readonly value: unknown
  readonly timestamp: number
}

export class OperatorFixture {
  wallClock = 0
  maxCompleteRows = 1_000_000
  /** The next record fails when it has done all that it does. */
  failNext = false
  readonly drops: { readonly reason: DropReason; readonly lateBy: number | undefined }[] = []
  readonly #state: FixtureState
  readonly #suppliers = new Map<string, OperatorSupplier>()
  readonly #operators = new Map<string, Operator>()
  #outputs = new Map<string, Told[]>()
  readonly #deferred: (() => Promise<void>)[] = []
  #numbers = new Map<string, number>()
  #committed = new Map<string, number>()

  constructor(state: FixtureState) {
    this.#state = state
  }

  add(node: string, supplier: OperatorSupplier): this {
    this.#suppliers.set(node, supplier)
    this.#operators.set(node, supplier(this.#contextOf(node)))
    return this
  }

  /** One record, and what it defers; one that fails leaves nothing and throws. */
  async process(
    node: string,
    key: unknown,
    value: unknown,
    timestamp: number,
    headers: RecordHeaders = EMPTY_HEADERS,
  ): Promise<void> {
    const mark = this.#state.mark()
    const numbers = new Map(this.#numbers)
    const told = new Map<string, Told[]>()
    for (const [name, list] of this.#outputs) told.set(name, [...list])
    try {
      this.#operators.get(node)?.process(key, value, timestamp, headers)
      for (let work = this.#deferred.shift(); work !== undefined; work = this.#deferred.shift())
        await work()
      if (this.failNext) throw new RangeError('the record fails at its end')
    } catch (error) {
      this.failNext = false
      this.#deferred.length = 0
      this.#numbers = numbers
      this.#outputs = told
      this.#state.rollback(mark)
      throw error
    }
  }

  /** Step 0 of a commit. */
  async emit(): Promise<void> {
    for (const operator of this.#operators.values()) await operator.beforeCommit?.()
  }

  /** The numbers of the open span are committed. */
  commitNumbers(): void {
    this.#committed = new Map(this.#numbers)
  }

  /** After an abort or a takeover: what was not committed is gone, operators are made anew. */
  remake(): void {
    this.#numbers = new Map(this.#committed)
    for (const [node, supplier] of this.#suppliers)
      this.#operators.set(node, supplier(this.#contextOf(node)))
  }

  /** What the node told since this was last asked. */
  take(node: string): readonly Told[] {
    const told = this.#outputs.get(node) ?? []
    this.#outputs.delete(node)
    return told
  }

  /** As `take`, of a table: the new values, undefined where a row was deleted. */
  takeRows(node: string): readonly (readonly [key: unknown, now: unknown, timestamp: number])[] {
    return this.take(node).map(
      ({ key, value, timestamp }) => [key, (value as Change<unknown>).now, timestamp] as const,
    )
  }

  number(node: string, name: string): number | undefined {
    return this.#numbers.get(`${name}:${node}`)
  }

  #contextOf(node: string): OperatorContext {
    const fixture = this
    return {
      applicationId: 'app',
      taskId: 'in_0',
      partition: 0,
      node,
      log: silentLogger,
      recordMetadata: undefined,
      get streamTime() {
        return -1
      },
      get maxCompleteRows() {
        return fixture.maxCompleteRows
      },
      get wallClock() {
        return fixture.wallClock
      },
      forward: fixture.#tell(node),
      forwardTo: (child) => fixture.#tell(child, true),
      callbackContext: (timestamp, headers) => ({
        timestamp,
        headers,
        timestampType: undefined,
        recordMetadata: undefined,
        streamTime: -1,
      }),
      store: <S>(name: string) => fixture.#state.store(name) as S,
      number: (name) => fixture.#numbers.get(`${name}:${node}`),
      setNumber: (name, value) => void fixture.#numbers.set(`${name}:${node}`, value),
      defer: (work) => void fixture.#deferred.push(work),
      schedule: () => ({ [Symbol.dispose]: () => undefined }),
      commit: () => undefined,
      drop: (reason, lateBy) => void fixture.drops.push({ reason, lateBy }),
    }
  }

  #tell(to: string, addressed = false): Forward {
    return (key, value, timestamp, headers) => {
      const operator = addressed ? this.#operators.get(to) : undefined
      if (operator !== undefined) return operator.process(key, value, timestamp, headers)
      const told = this.#outputs.get(to)
      if (told === undefined) this.#outputs.set(to, [{ key, value, timestamp }])
      else told.push({ key, value, timestamp })
    }
  }
}
