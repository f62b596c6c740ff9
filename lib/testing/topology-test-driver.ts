/**
 * Runs a topology with the runtime's own code and no broker: every input is processed to the end,
 * through repartition topics too, and committed before the call resolves.
 */
import type { Duration } from '../core/duration.ts'
import { milliseconds } from '../core/duration.ts'
import type { ErrorPolicies } from '../core/errors.ts'
import { ConfigError } from '../core/errors.ts'
import type { Metrics } from '../core/metrics.ts'
import type { Bytes, NeededSerdes, Serde } from '../core/serde.ts'
import type { Topic } from '../core/topic.ts'
import { storeQuery } from '../runtime/store-query.ts'
import type { Queryable } from '../state/stores.ts'
import { internalTopic } from '../topology/names.ts'
import type { Topology } from '../topology/topology.ts'
import { programOf } from '../topology/topology.ts'
import { COMMIT_EACH_RECORD, DRIVER_APPLICATION, DriverEngine } from './driver/driver-engine.ts'
import { TestInput } from './driver/test-input.ts'
import { TestOutput } from './driver/test-output.ts'

export { TestInput } from './driver/test-input.ts'
export { TestOutput } from './driver/test-output.ts'

export interface DriverOptions {
  /**
   * Where the wall clock stands at first, in milliseconds since the epoch; it moves only by
   * `advanceWallClock`, and is the timestamp of records piped without one. 0, so that runs are equal.
   */
  readonly now?: number
  /** A timestamp further ahead of that clock is a decode error. Off unless set: no limit. */
  readonly maxFutureSkew?: Duration
  readonly errors?: ErrorPolicies
}

export interface TopicSerdes<in out K, in out V> {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}

export class TopologyTestDriver implements AsyncDisposable {
  readonly #engine: DriverEngine

  /** Throws a ConfigError for options or a topology that could not be started. */
  constructor(topology: Topology, options: DriverOptions = {}) {
    const { now = 0, maxFutureSkew, errors = {} } = options
    this.#engine = new DriverEngine(programOf(topology), {
      now,
      maxFutureSkewMs:
        maxFutureSkew === undefined ? undefined : milliseconds(maxFutureSkew, 'maxFutureSkew'),
      errors,
      commitEachRecord: COMMIT_EACH_RECORD in options,
    })
  }

  /** Under the names that Prometheus sees: `metrics.get(name, { reason: 'repeat' })`. */
  get metrics(): Metrics {
    return this.#engine.metrics
  }

  /** Where records enter. Throws a ConfigError for a topic that the topology does not read. */
  input<K, V>(topic: Topic<K, V>): TestInput<K, V>
  input<K = Bytes, V = Bytes>(
    topic: string,
    serdes: TopicSerdes<K, V> & NeededSerdes<NoInfer<K>, NoInfer<V>>,
  ): TestInput<K, V>
  input<K, V>(topic: Topic<K, V> | string, serdes: TopicSerdes<K, V> = {}): TestInput<K, V> {
    const { name, key, value } = named(topic, serdes)
    if (this.#engine.reads(name)) return new TestInput(this.#engine, name, { key, value })
    throw new ConfigError('TOPIC_MISSING', `no source of this topology reads topic '${name}'`)
  }

  /**
   * Where records leave, from the first one on. Internal topics can be read by the names that the
   * topology gives them. Throws a ConfigError for a topic that nothing writes.
   */
  output<K, V>(topic: Topic<K, V>): TestOutput<K, V>
  output<K = Bytes, V = Bytes>(
    topic: string,
    serdes: TopicSerdes<K, V> & NeededSerdes<NoInfer<K>, NoInfer<V>>,
  ): TestOutput<K, V>
  output<K, V>(topic: Topic<K, V> | string, serdes: TopicSerdes<K, V> = {}): TestOutput<K, V> {
    const { name, key, value } = named(topic, serdes)
    const engine = this.#engine
    for (const whole of [name, internalTopic(DRIVER_APPLICATION, name)])
      if (engine.writes(whole) || engine.reads(whole))
        return new TestOutput(engine.topics, whole, { key, value })
    throw new ConfigError('TOPIC_MISSING', `nothing in this topology writes topic '${name}'`)
  }

  /** Runs one trigger: a batch of each queue, emissions that are due, then a commit. */
  trigger(): Promise<void> {
    return this.#engine.trigger()
  }

  /** Moves the wall clock at one go, fires what is due, and commits. */
  advanceWallClock(by: Duration): Promise<void> {
    return this.#engine.advance(milliseconds(by, 'advanceWallClock'))
  }

  /** A table or a store's handle, as `app.store` gives it. */
  store<Q>(store: Queryable<Q>): Q {
    const { name, spec } = store.handle
    const stores = async (): Promise<readonly unknown[]> => [
      await this.#engine.query(name, (state) => state.store(name)),
    ]
    // The handle says which view its store has.
    return storeQuery(spec, stores) as Q
  }

  /** Closes processors and stores; `await using` does it too. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function named<K, V>(
  topic: Topic<K, V> | string,
  serdes: TopicSerdes<K, V>,
): { name: string; key: Serde<K> | undefined; value: Serde<V> | undefined } {
  if (typeof topic !== 'string') return topic
  return { name: topic, key: serdes.key, value: serdes.value }
}
