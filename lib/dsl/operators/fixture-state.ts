/** A task's state for the tests of this folder: commits as the runtime does, without Kafka. */
import { systemClock } from '../../core/clock.ts'
import { silentLogger } from '../../core/logger.ts'
import { seededRandom } from '../../core/random.ts'
import type { ByteStore } from '../../state/byte-store.ts'
import type { StoreSpec } from '../../state/store-spec.ts'
import { TaskState } from '../../state/task-state.ts'

/** A span that is committed or aborted whole. */
export class SpanState {
  readonly #state: TaskState
  readonly #ends = new Map<string, number>()

  constructor(state: TaskState) {
    this.#state = state
  }

  store(name: string): unknown {
    return this.#state.store(name)
  }

  mark(): number {
    return this.#state.mark()
  }

  rollback(mark: number): void {
    this.#state.rollback(mark)
  }

  commit(): void {
    for (const { store } of this.#state.freeze())
      this.#ends.set(store, (this.#ends.get(store) ?? 0) + 1)
    const ends = [...this.#ends].map(
      ([store, offset]) => [store, { offset, leaderEpoch: -1 }] as const,
    )
    this.#state.commit(new Map(ends), new Map())
  }

  abort(): void {
    this.#state.abort()
  }
}

export async function openState(
  byteStore: ByteStore,
  stores: readonly StoreSpec[],
): Promise<SpanState> {
  const state = await TaskState.open({
    byteStore,
    stores,
    identity: { application: 'app', clusterId: 'cluster', task: 'in_0', topicIds: new Map() },
    bootId: 'boot',
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  })
  return new SpanState(state)
}
